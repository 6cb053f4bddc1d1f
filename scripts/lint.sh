#!/usr/bin/env bash
# Checks the sources without running or changing them. With arguments only those of the checks:
# format, tidy, ruff, mypy, shellcheck, and tidy-each, which is none of the usual ones.
source "$(dirname "$0")/common.sh"

# sources lists the files of ours, new ones included, that match the patterns.
sources() {
  git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}

check_format() { sources '*.cc' '*.h' | xargs clang-format --dry-run --Werror; }

# check_tidy runs clang-tidy over what is shipped, one process a core, in the pieces of several sources
# that compilers get, for most of its time goes into headers; check_tidy-each takes each source by
# itself, which also shows what it fails to include.
check_tidy() { tidy ON; }
check_tidy-each() { tidy OFF; }

tidy() {
  cmake --preset tidy -D SIGNEDVFS_UNITY="$1" >build/tidy.log || { cat build/tidy.log && return 1; }
  .venv/bin/python - <<'PYTHON' | xargs -P "$JOBS" -n 1 clang-tidy --quiet -p build/tidy
import json
from pathlib import Path

here = Path.cwd()
commands = json.loads(Path("build/tidy/compile_commands.json").read_text())
shipped = [
    here / top / part
    for top in ("", "build/tidy")
    for part in ("archive", "vfs", "importer", "bindings")
]
files = {Path(command["file"]) for command in commands}
for file in sorted(file for file in files if any(part in file.parents for part in shipped)):
    print(file)
PYTHON
}

check_ruff() { ruff check . && ruff format --check .; }

# check_mypy goes by the stub where a module has one.
check_mypy() {
  sources '*.py' '*.pyi' | while read -r file; do
    if [[ ! -f ${file}i ]]; then echo "$file"; fi
  done | xargs mypy
}

check_shellcheck() { sources '*.sh' '.ci/*' | xargs shellcheck --external-sources --source-path=SCRIPTDIR; }

mkdir -p build
[[ $# -gt 0 ]] || set -- format tidy ruff mypy shellcheck
failed=()
for check in "$@"; do
  say "lint: $check"
  "check_$check" || failed+=("$check")
done
[[ ${#failed[@]} -eq 0 ]] || die "lint failed: ${failed[*]}"
