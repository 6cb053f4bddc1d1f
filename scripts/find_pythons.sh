#!/usr/bin/env bash
# Prints the CPython interpreters to test with, one per minor version: "3.11 /usr/bin/python3.11", and
# free-threaded ones as "3.13t ...". The last one is the newest ordinary one. With --debug, prints
# builds with assertions (--with-pydebug) instead: "3.15d ...". What is passed over, and why, goes to
# standard error. Fails where none is usable.
source "$(dirname "$0")/common.sh"

case ${1:-} in
  '') names=(3.9 3.10 3.11 3.12 3.13t 3.13 3.14t 3.14 3.15t 3.15) ;;
  --debug) names=(3.14d 3.15d) ;;
  *) die "usage: find_pythons.sh [--debug]" ;;
esac

# candidate_directories lists where interpreters are looked for, best first: the machine's, and then
# those that get_pythons.sh has got.
candidate_directories() {
  tr ':' '\n' <<<"$PATH"
  printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin /usr/local/bin /usr/bin \
    /opt/*/bin /opt/python/*/bin "$PYTHONS_CACHE"/*/bin "$PYTHONS_CACHE"/*/usr/bin
}

# examine prints "= PATH" with the real path of `$1` where it can serve as CPython `$2`, which ends in t
# or d for those builds, and what is wrong with it otherwise.
examine() {
  "$1" -I - "$2" 2>/dev/null <<'PYTHON' || echo "does not start"
import importlib.util
import os
import sys
import sysconfig

config = sysconfig.get_config_var
name = sys.argv[1]
version = name.rstrip("td")
if sys.implementation.name != "cpython":
    print("is not CPython")
elif "%d.%d" % sys.version_info[:2] != version:
    print("is another version")
elif sys.prefix != sys.base_prefix:
    print("is a virtual environment")
elif bool(config("Py_GIL_DISABLED")) != name.endswith("t"):
    print("is a free-threaded build" if config("Py_GIL_DISABLED") else "is no free-threaded build")
elif bool(config("Py_DEBUG")) != name.endswith("d"):
    print("is a debug build" if config("Py_DEBUG") else "is no debug build")
elif not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print("has no Python.h (install its -dev package)")
elif not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
    print("has no venv module (install its -venv package)")
else:
    print("=", sys.executable)
PYTHON
}

found=0
for version in "${names[@]}"; do
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
[[ $found -gt 0 ]] || die "no usable CPython among ${names[*]} (headers and venv are needed)"
