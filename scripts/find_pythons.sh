#!/usr/bin/env bash
# Prints the CPython interpreters to test with, one per minor version: "3.11 /usr/bin/python3.11", and
# free-threaded ones as "3.13t ...". The last one is the newest ordinary one. What is passed over,
# and why, goes to standard error. Fails where none is usable.
source "$(dirname "$0")/common.sh"

# candidate_directories lists where interpreters are looked for, best first.
candidate_directories() {
  tr ':' '\n' <<<"$PATH"
  printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin /usr/local/bin /usr/bin \
    /opt/*/bin /opt/python/*/bin
}

# examine prints "= PATH" with the real path of `$1` where it can serve as CPython `$2`, and what is
# wrong with it otherwise.
examine() {
  "$1" -I - "$2" 2>/dev/null <<'PYTHON' || echo "does not start"
import importlib.util
import os
import sys
import sysconfig

config = sysconfig.get_config_var
if sys.implementation.name != "cpython":
    print("is not CPython")
elif "%d.%d" % sys.version_info[:2] != sys.argv[1].rstrip("t"):
    print("is another version")
elif sys.prefix != sys.base_prefix:
    print("is a virtual environment")
elif bool(config("Py_GIL_DISABLED")) != sys.argv[1].endswith("t"):
    print("is a free-threaded build" if config("Py_GIL_DISABLED") else "is no free-threaded build")
elif not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print("has no Python.h (install its -dev package)")
elif not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
    print("has no venv module (install its -venv package)")
else:
    print("=", sys.executable)
PYTHON
}

found=0
for minor in 9 10 11 12 13t 13; do
  version=3.$minor
  chosen=
  while read -r directory; do
    candidate=$directory/python$version
    [[ -x $candidate && -f $candidate ]] || continue
    verdict=$(examine "$candidate" "$version")
    if [[ $verdict == '= '* ]]; then
      chosen=${verdict#= }
      break
    fi
    echo "python $version: skipped $candidate: it $verdict" >&2
  done < <(candidate_directories)
  if [[ -n $chosen ]]; then
    echo "python $version: uses $chosen" >&2
    echo "$version $chosen"
    found=$((found + 1))
  else
    echo "python $version: none found" >&2
  fi
done
[[ $found -gt 0 ]] || die "no usable CPython 3.9 to 3.13 (headers and venv are needed)"
