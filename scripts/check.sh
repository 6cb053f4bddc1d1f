#!/usr/bin/env bash
# The inner loop: lints and tests what differs from main, or on main from the last commit. C++ is
# compiled as a debug build, and into the package for the newest Python where that is concerned. A
# room's test of the same name stands for a source file; where there is none, a few of its room do.
# `make test` says whether all is well; this says within a minute whether to go on.
source "$(dirname "$0")/common.sh"

# changed lists the files that differ, new ones included, and that are still there.
changed() {
  local base=HEAD
  if [[ $(git rev-parse --abbrev-ref HEAD) != main ]] && git rev-parse -q --verify main >/dev/null; then
    base=$(git merge-base HEAD main)
  fi
  { git diff --name-only "$base" && git ls-files --others --exclude-standard; } | sort -u |
    while read -r file; do if [[ -f $file ]]; then echo "$file"; fi; done
}

files=$(changed)
# matching lists those of the changed files whose paths match an extended regular expression.
matching() { grep -E "$1" <<<"$files" || true; }

check_sources() {
  matching '\.(cc|h)$' | xargs -r clang-format --dry-run --Werror
  matching '\.(py|pyi)$' | xargs -r ruff check
  matching '\.(py|pyi)$' | xargs -r ruff format --check
  matching '\.(py|pyi)$' | xargs -r mypy
  matching '(\.sh|^\.ci/.*)$' | xargs -r shellcheck --external-sources --source-path=SCRIPTDIR
}

# check_core builds and runs the C++ tests of the directories that were touched, without sanitizers.
check_core() {
  local suites
  cmake --preset dev >/dev/null
  cmake --build --preset dev
  # The suites of a test file are those that it names; of a source, those of its test file.
  suites=$(matching '^(tests/)?(archive|vfs|importer)/.*\.(cc|h)$' |
    sed -E 's#^tests/##; s#\.(cc|h)$##; s#_test$##; s#^([a-z]+)/(.*/)?([^/]+)$#\1 \3#' | sort -u |
    while read -r room name; do
      find "tests/$room" -name "${name}_test.cc" -exec \
        sed -nE 's/^(TYPED_)?TEST(_F|_P)?\(([A-Za-z0-9_]+),.*/\3/p' {} +
    done | sort -u | paste -sd'|')
  # What has no test of its own name is everybody's.
  ctest --preset dev -E '^install' ${suites:+-R "(^|/)($suites)[./]"}
}

# python_tests lists the Python tests to run: those that were touched, and those of sources that were.
python_tests() {
  matching '^tests/(bindings|cli|importer|jobs)/.*test_[^/]*\.py$'
  matching '^(bindings/signedvfs/|bindings/|importer/)' | while read -r file; do
    local room=importer name mirror
    case $file in
      bindings/signedvfs/cli/* | bindings/signedvfs/packaging/*) room=cli ;;
      bindings/*.cc | bindings/*.h) room=bindings ;;
    esac
    name=$(basename "${file%.*}")
    mirror=$(find "tests/$room" -name "test_$name.py" -o -path "tests/$room/*" -name "test_${name}s.py")
    if [[ -n $mirror ]]; then echo "$mirror"; else representatives "$room"; fi
  done
  if [[ -n $(matching '^(archive|vfs)/') ]]; then representatives bindings; fi
}

# representatives lists the tests that look at a room from all sides, in a few seconds.
representatives() {
  case $1 in
    importer) printf 'tests/importer/%s\n' test_modules.py test_path_hook.py test_refusals.py ;;
    bindings) printf 'tests/bindings/%s\n' test_open.py test_sign.py test_stubs.py ;;
    cli) printf 'tests/cli/%s\n' test_reading.py test_running.py ;;
  esac
}

check_package() {
  local version interpreter tests
  mapfile -t tests < <(python_tests | sort -u)
  [[ ${#tests[@]} -gt 0 ]] || return 0
  read -r version interpreter < <(scripts/find_pythons.sh 2>/dev/null | tail -n1)
  scripts/python_env.sh "$version" "$interpreter"
  "build/python/$version/bin/python" -m pytest -q -x "${tests[@]}"
}

check_house() {
  .venv/bin/python -m pytest -q tests/architecture/test_layering.py \
    tests/architecture/test_public_headers.py
}

if [[ -z $files ]]; then
  say "nothing differs"
  exit
fi
say "$(wc -l <<<"$files") files differ"
check_sources
check_house
if [[ -n $(matching '^((tests/)?(archive|vfs)|importer/ahead|tests/(importer|support|fuzz))/.*\.(cc|h)$') ]]; then
  check_core
fi
check_package
say "checked in $SECONDS s"
