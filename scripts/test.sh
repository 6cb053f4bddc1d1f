#!/usr/bin/env bash
# Runs every check there is, keeps going after a failure, and ends with the total: "N passed, M
# failed". The details of each step are in build/results.
source "$(dirname "$0")/common.sh"
results=build/results
steps=$results/steps.tsv
rm -rf "$results"
mkdir -p "$results"
: >"$steps"

# step NAME REPORT COMMAND... runs the command and notes how it went; REPORT is the JUnit file that
# it writes, or "" where it is one check by itself.
step() {
  local name=$1 report=$2 started=$SECONDS code=0
  shift 2
  say "$name"
  if [[ -n $report ]]; then rm -f "$report"; fi
  "$@" || code=$?
  printf '%s\t%s\t%s\n' "$name" "$code" "$report" >>"$steps"
  say "$name: $([[ $code -eq 0 ]] && echo ok || echo FAILED) after $((SECONDS - started)) s"
}

# workflow configures, builds and tests one CMake preset.
workflow() { cmake --workflow --preset "$1"; }

# pythons lists the interpreters; the newest one stands in where one is enough.
pythons=$(scripts/find_pythons.sh) || die "without an interpreter there is nothing to test"
read -r newest newest_interpreter < <(tail -n1 <<<"$pythons")

# in_pairs runs the steps on standard input, two at a time: lines of NAME, REPORT and COMMAND,
# separated by tabs.
in_pairs() {
  local lines name report command
  lines=$(cat)
  # xargs outlives a failure; each run leaves its exit code.
  while IFS=$'\t' read -r name report command; do
    printf '%s\0' "$command; echo \$? >$report.code"
  done <<<"$lines" | xargs -0 -P 2 -I '{}' bash -c '{}'
  while IFS=$'\t' read -r name report command; do
    printf '%s\t%s\t%s\n' "$name" "$(cat "$report.code")" "$report" >>"$steps"
  done <<<"$lines"
}

# test_pythons runs the Python tests on every interpreter.
test_pythons() {
  local version interpreter started=$SECONDS
  while read -r version interpreter; do
    printf 'python %s\t%s\t%s\n' "$version" "$results/python-$version.xml" \
      "scripts/python_tests.sh $version $interpreter"
  done <<<"$pythons" | in_pairs
  say "python: $((SECONDS - started)) s"
}

# test_conformance runs CPython's own tests on every interpreter, in the environments that
# test_pythons made: with signedvfs, and with those importers that show whether the runs mean
# anything.
test_conformance() {
  local version importer started=$SECONDS
  while read -r version _; do
    for importer in signedvfs zipimport broken; do
      printf 'conformance %s %s\t%s\t%s\n' "$version" "$importer" \
        "$results/conformance-$version-$importer.xml" "scripts/conformance.sh $version $importer"
    done
  done <<<"$pythons" | in_pairs
  say "conformance: $((SECONDS - started)) s"
}

# test_rest runs what keeps one core busy each: the Python tests with sanitizers, and beside them the
# architecture's, and widely used packages imported from one signed archive.
test_rest() {
  local version started=$SECONDS
  {
    printf 'python %s asan+ubsan\t%s\t%s\n' "$newest" "$results/python-asan.xml" \
      "scripts/python_tests.sh asan $newest_interpreter address,undefined"
    printf 'architecture\t%s\t%s\n' "$results/architecture.xml" "scripts/logged.sh architecture \
      pytest -q --junitxml=$results/architecture.xml --ignore=tests/architecture/test_extension.py \
      tests/architecture"
    for version in $(printf '%s\n3.11\n' "$newest" | uniq); do
      grep -q "^$version " <<<"$pythons" || continue
      printf 'packages %s\t%s\t%s\n' "$version" "$results/packages-$version.xml" \
        "scripts/logged.sh 'packages $version' build/python/$version/bin/python -m pytest -q \
        --junitxml=$results/packages-$version.xml tests/packages"
    done
  } | in_pairs
  say "sanitizers for Python, architecture, packages: $((SECONDS - started)) s"
}

for check in format tidy ruff mypy shellcheck; do
  step "lint $check" "" scripts/lint.sh "$check"
done
step "release, install, bench" build/release/junit.xml workflow release
step "asan+ubsan, fuzz replay" build/asan/junit.xml workflow asan
step "tsan" build/tsan/junit.xml workflow tsan
test_pythons
test_conformance
test_rest
step "bench" "$results/bench.xml" "build/python/$newest/bin/python" -m pytest -q \
  --junitxml="$results/bench.xml" tests/bench
step "import benchmark agrees" "" "build/python/$newest/bin/python" bench/import_bench.py --smoke

say "total: $((SECONDS / 60)) min $((SECONDS % 60)) s"
.venv/bin/python scripts/summary.py "$steps"
