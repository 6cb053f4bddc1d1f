#!/usr/bin/env bash
# Times the core beside its floors, then importing, opening, starting and signing beside zipimport,
# files and others, on CPython 3.11 and 3.13 (or whatever there is). Numbers, report and pictures go to
# build/bench. Arguments are import_bench.py's, e.g. --corpora tiny --rounds 11; `--pictures-only`
# draws again what was measured.
source "$(dirname "$0")/common.sh"
results=build/bench
mkdir -p "$results"
# pip says nothing of the user that it runs as.
export PIP_ROOT_USER_ACTION=ignore

measure() {
  local list chosen version interpreter
  say "core: an optimised build"
  cmake --preset release >/dev/null
  cmake --build --preset release --target signedvfs_bench
  build/release/bench/signedvfs_bench --benchmark_min_time=0.2 \
    --benchmark_out="$results/core.json"

  rm -f "$results"/bench-*.json
  list=$(scripts/find_pythons.sh 2>/dev/null)
  chosen=$(grep -E '^3\.(11|13) ' <<<"$list" || tail -n1 <<<"$list")
  while read -r version interpreter; do
    say "CPython $version"
    scripts/python_env.sh "$version" "$interpreter"
    # What fails is in the numbers as well; the report comes first.
    "build/python/$version/bin/python" bench/import_bench.py "$@" \
      --json "$results/bench-$version.json" || failed+=("CPython $version")
  done <<<"$chosen"
}

# install_drawing puts what pictures need into .venv, once.
install_drawing() {
  local stamp=.venv/bench-requirements.stamp
  if cmp -s bench/requirements.txt "$stamp"; then return; fi
  .venv/bin/python -m pip install -q --disable-pip-version-check -r bench/requirements.txt
  cp bench/requirements.txt "$stamp"
}

failed=()
[[ ${1:-} == --pictures-only ]] || measure "$@"
say "report"
.venv/bin/python bench/report.py "$results"
install_drawing
.venv/bin/python bench/plots.py "$results" "$results/pictures"
[[ ${#failed[@]} -eq 0 ]] || die "not everything was measured: ${failed[*]}; its output says why"
