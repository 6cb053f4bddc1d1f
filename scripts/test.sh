#!/usr/bin/env bash
# Runs the tests, keeps going after a failure, and ends with the total: "N passed, M failed". The
# details of each step are in build/results.
#
#   test.sh quick    what `make test` is: the C++ tests with AddressSanitizer and
#                    UndefinedBehaviorSanitizer, the Python tests and CPython's own with the newest
#                    interpreter that is here, the architecture
#   test.sh rest     what quick leaves out, added to what the last quick run has found, within the time
#                    that CI has
#   test.sh all      both, on every interpreter that is here, and a wheel for each architecture
#   test.sh nightly  all, and what says the same of every interpreter in between, or fetches a lot
source "$(dirname "$0")/common.sh"
results=build/results
steps=$results/steps.tsv

# is_done tells whether a step is among those of this run; each piece runs once.
is_done() { cut -f1 "$steps" | grep -qxF "$1"; }

# step NAME REPORT COMMAND... runs the command and notes how it went; REPORT is the JUnit file that
# it writes, or "" where it is one check by itself.
step() {
  local name=$1 report=$2 started=$SECONDS code=0
  shift 2
  ! is_done "$name" || return 0
  say "$name"
  if [[ -n $report ]]; then rm -f "$report"; fi
  "$@" || code=$?
  printf '%s\t%s\t%s\t%s\n' "$name" "$code" "$report" $((SECONDS - started)) >>"$steps"
  say "$name: $([[ $code -eq 0 ]] && echo ok || echo FAILED) after $((SECONDS - started)) s"
}

# in_pairs runs the steps on standard input, two at a time: lines of NAME, REPORT, "-" for one check, and
# COMMAND, separated by tabs. A command is of this script's words: no name in it needs quotes.
in_pairs() {
  local lines name report command code seconds ended=$results/ended
  mkdir -p "$ended"
  lines=$(while IFS=$'\t' read -r name report command; do
    is_done "$name" || printf '%s\t%s\t%s\n' "$name" "$report" "$command"
  done)
  [[ -n $lines ]] || return 0
  # xargs outlives a failure; each run leaves its exit code, and how long it took.
  while IFS=$'\t' read -r name report command; do
    rm -f "$ended/$name"
    if [[ $report != - ]]; then rm -f "$report"; fi
    printf '%s\0' "{ $command; }; echo \$? \$SECONDS >'$ended/$name'"
  done <<<"$lines" | xargs -0 -P 2 -I '{}' bash -c '{}'
  while IFS=$'\t' read -r name report command; do
    read -r code seconds <"$ended/$name"
    printf '%s\t%s\t%s\t%s\n' "$name" "$code" "${report#-}" "$seconds" >>"$steps"
  done <<<"$lines"
}

# find_pythons sets `pythons`, lines of a version and a path, `newest`, the newest ordinary one, which
# stands in where one is enough, and `newest_free`, the newest without a GIL, if any.
find_pythons() {
  pythons=$(scripts/find_pythons.sh) || die "without an interpreter there is nothing to test"
  read -r newest newest_interpreter < <(tail -n1 <<<"$pythons")
  newest_free=$(sed -n 's/^\([0-9.]*t\) .*/\1/p' <<<"$pythons" | tail -n1)
}

# check_line prints the line for `in_pairs` of a command that is one check.
check_line() {
  local name=$1
  shift
  printf '%s\t-\t%s\n' "$name" "scripts/logged.sh ${name// /-} $*"
}

# preset_line prints the line for `in_pairs` of what configures, builds and tests one CMake preset, or a
# workflow of another name.
preset_line() {
  local workflow=${3:-$2}
  printf '%s\t%s\t%s\n' "$1" "build/$2/junit.xml" \
    "scripts/logged.sh $workflow cmake --workflow --preset $workflow"
}

# python_line and the others print lines for `in_pairs`. The tests with sanitizers are those of the
# environment `asan`. PARTS are those of python_tests.sh.
python_line() {
  local name=$1 interpreter=$2 sanitizers=$3 label
  shift 3
  label=$(IFS=-; echo "python-$name${*:+-$*}")
  printf 'python %s\t%s\t%s\n' "$name" "$results/$label.xml" \
    "scripts/logged.sh build-$name scripts/python_env.sh $name $interpreter $sanitizers && \
    scripts/python_tests.sh $name $*"
}

part_line() {
  local version=$1 parts
  shift
  parts=$(IFS=-; echo "$*")
  printf 'python %s, %s\t%s\t%s\n' "$version" "$parts" "$results/python-$version-$parts.xml" \
    "scripts/python_tests.sh $version $*"
}

conformance_line() {
  printf 'conformance %s %s\t%s\t%s\n' "$1" "$2" \
    "$results/conformance-$1-$2.xml" "scripts/conformance.sh $1 $2"
}

pytest_line() {
  local name=$1 version=$2
  shift 2
  printf '%s\t%s\t%s\n' "$name" "$results/${name// /-}.xml" "scripts/logged.sh ${name// /-} \
    build/python/$version/bin/python -m pytest -q --junitxml=$results/${name// /-}.xml $*"
}

# test_core runs the C++ tests; beside it other things run, so its output comes in one piece.
test_core() {
  step "asan+ubsan, fuzz replay" build/asan/junit.xml \
    scripts/logged.sh asan cmake --workflow --preset asan
}

# test_newest runs what needs the package in one interpreter, the Python tests in parts that run beside
# each other: the longest ones come first.
test_newest() {
  step "build $newest" "" scripts/logged.sh "build-$newest" \
    scripts/python_env.sh "$newest" "$newest_interpreter"
  {
    part_line "$newest" cli-quick
    part_line "$newest" importer
    conformance_line "$newest" signedvfs
    part_line "$newest" bindings jobs docs
    pytest_line architecture "$newest" tests/architecture tests/install tests/wheels \
      --ignore=tests/architecture/test_extension.py
  } | in_pairs
}

# quick runs C++ and Python beside each other: while the one waits for the network, a linker or a
# single slow test, the other has the core.
quick() {
  find_pythons
  rm -rf "$results"
  mkdir -p "$results"
  : >"$steps"
  say "C++ tests with sanitizers, and Python tests on $newest ($newest_interpreter)"
  test_core &
  test_newest
  wait
}

# get_pythons fetches and builds the interpreters that the machine lacks.
get_pythons() {
  local -a wanted=(debian 3.14t)
  if [[ $tier != rest ]]; then wanted+=(3.15t); fi
  if [[ $tier == nightly ]]; then wanted+=(3.13t); fi
  if [[ -x scripts/get_pythons.sh ]]; then
    step "interpreters" "" scripts/get_pythons.sh "${wanted[@]}"
  fi
}

# debug_python prints the newest build with assertions: it counts references. That there is none is
# for the step above to report.
debug_python() {
  if [[ -x scripts/get_pythons.sh ]]; then
    scripts/find_pythons.sh --debug 2>/dev/null | tail -n1 || true
  fi
}

# parts_on prints the parts of the Python tests that an interpreter gets: none where it is passed over. What
# is written in Python, the command line above all, is the same on all: the newest says so, and in the
# night every one. Attacks, the import manager's threats and native code are tried on 3.11, the oldest,
# and without a GIL, too; those in between say what differs with them.
parts_on() {
  local version=$1 oldest
  read -r oldest _ <<<"$pythons"
  if [[ $tier == nightly || $version == "$newest" ]]; then
    echo bindings cli importer jobs
  elif [[ $tier == rest ]]; then
    case $version in
      3.11) echo bindings-core importer jobs cli-run ;;
      "$oldest") echo bindings-core importer-start jobs ;;
      "$newest_free") echo bindings-core importer-hook jobs ;;
      # 3.10 lies between two that are tested; another may be tested without a GIL; and a build with
      # assertions takes as long as two others.
      3.10 | *t | *d | "${newest_free%t}") ;;
      *) echo bindings-core importer-brief jobs ;;
    esac
  else
    case $version in
      3.11) echo bindings cli-quick importer jobs ;;
      "$oldest") echo bindings importer-start jobs cli-run cli-smoke ;;
      *t) echo bindings-core importer-start jobs cli-run ;;
      *d) echo bindings-core importer-core ;;
      *) echo bindings-core importer-core jobs cli-run ;;
    esac
  fi
}

# test_pythons runs the Python tests on the interpreters, and with sanitizers on the newest.
test_pythons() {
  local version interpreter oldest longest
  local -a parts
  read -r oldest _ <<<"$pythons"
  {
    # The longest ones come first.
    longest="^(3.11|$oldest|${newest_free:-none}) "
    if [[ $tier == nightly ]]; then
      python_line asan "$newest_interpreter" address,undefined bindings-core importer
    else
      python_line asan "$newest_interpreter" address,undefined
    fi
    if is_done "python $newest, cli-quick"; then part_line "$newest" cli-slow; fi
    while read -r version interpreter; do
      read -ra parts < <(parts_on "$version") || true
      if is_done "python $version, importer" || [[ ${#parts[@]} -eq 0 ]]; then continue; fi
      python_line "$version" "$interpreter" "" "${parts[@]}"
    done < <(grep -E "$longest" <<<"$pythons"; debug_python; tac <<<"$pythons" | grep -vE "$longest")
  } | in_pairs
}

# conformance_lines are of CPython's own tests on every interpreter that has an environment: the Python
# tests have left it. Those importers that show whether the runs mean anything say it of the oldest and
# the newest: in the night, of all. A pre-release's tests hold its importers to what the release mended.
conformance_lines() {
  local version interpreter importer oldest
  read -r oldest _ <<<"$pythons"
  while read -r version interpreter; do
    [[ $(parts_on "$version") ]] || continue
    "$interpreter" -I -c 'import sys; sys.exit(sys.version_info.releaselevel != "final")' || continue
    conformance_line "$version" signedvfs
    [[ $tier == nightly || $version == "$oldest" || $version == "$newest" ]] || continue
    for importer in zipimport broken; do conformance_line "$version" "$importer"; done
  done <<<"$pythons"
}

# packages_lines import widely used packages from one signed archive, and in the night pack the most
# downloaded ones; those with native code run then on the newest but one, too.
packages_lines() {
  local version
  for version in $([[ $tier != nightly ]] || echo 3.11) "$newest"; do
    if grep -q "^$version " <<<"$pythons"; then
      pytest_line "packages $version" "$version" tests/packages
    fi
  done
  if [[ $tier == nightly ]]; then
    version=$(cut -d' ' -f1 <<<"$pythons" | grep -v t | tail -n2 | head -n1)
    if [[ $version != "$newest" && $version != 3.11 ]]; then
      pytest_line "native packages $version" "$version" tests/packages/native
    fi
  fi
}

# test_with_packages runs what the environments of the Python tests are enough for.
test_with_packages() {
  if [[ $tier == nightly ]]; then export SIGNEDVFS_NIGHTLY=1; fi
  {
    packages_lines
    check_line "site" scripts/docs.sh
    pytest_line bench "$newest" tests/bench
    conformance_lines
  } | in_pairs
}

rest() {
  local check tidy=tidy
  mkdir -p "$results"
  touch "$steps"
  get_pythons
  find_pythons
  if [[ $tier == nightly ]]; then tidy="tidy-each"; fi
  step "lint $tidy" "" scripts/lint.sh "$tidy"
  {
    if [[ $tier == rest ]]; then
      # The tests of the core have run with sanitizers.
      preset_line "install, bench" release installed
    else
      preset_line "release, install, bench" release
    fi
    preset_line tsan tsan
    for check in format ruff mypy shellcheck; do check_line "lint $check" scripts/lint.sh "$check"; done
  } | in_pairs
  test_pythons
  test_with_packages
  step "import benchmark agrees" "" "build/python/$newest/bin/python" bench/import_bench.py --smoke
}

# test_wheels builds the wheels of the newest interpreter and has the gate judge them; in the night all of them,
# each twice over, and tries them in systems without a compiler.
test_wheels() {
  step "wheels: tools" "" scripts/setup.sh --wheels
  if [[ $tier == nightly ]]; then
    step "wheels" "" scripts/logged.sh wheels env AGAIN=yes scripts/wheels.sh
    step "wheels: installed" "" scripts/logged.sh smoke scripts/wheels/smoke.sh
    step "wheels: musl" "" scripts/logged.sh musl env PYTHONS=3.11 TARGETS=x86_64-musl scripts/wheels.sh
    step "wheels: musl, installed" "" scripts/logged.sh smoke-musl scripts/wheels/smoke.sh musl
  else
    step "wheels" "" scripts/logged.sh wheels env PYTHONS="$newest" scripts/wheels.sh
  fi
}

# processor_seconds tells what all steps have used, whatever else the machine had to do (proc(5)).
processor_seconds() {
  awk -v ticks="$(getconf CLK_TCK)" '{ print int(($16 + $17) / ticks) }' "/proc/$$/stat"
}

tier=${1:-}
case $tier in
  quick) quick ;;
  rest) rest ;;
  all | nightly)
    quick
    rest
    test_wheels
    ;;
  *) die "usage: test.sh quick|rest|all|nightly" ;;
esac
say "total: $((SECONDS / 60)) min $((SECONDS % 60)) s, $(processor_seconds) s of processor time"
python3 scripts/summary.py "$steps"
