#!/usr/bin/env bash
# Installs the package into a private environment of one interpreter and runs the Python tests:
# python_tests.sh NAME INTERPRETER [SANITIZERS]. Writes build/results/python-NAME.{xml,log}.
source "$(dirname "$0")/common.sh"
name=$1 interpreter=$2 sanitizers=${3:-}
environment=build/python/$name
report=build/results/python-$name.xml
log=build/results/python-$name.log

run_tests() {
  local -a tests=(tests/bindings tests/importer tests/cli)
  if [[ -z $sanitizers ]]; then
    tests+=(tests/architecture/test_extension.py)
  else
    # AddressSanitizer's shadow does not fit under a limit on memory.
    tests+=(--deselect tests/importer/test_exhaustion.py::test_memory_exhaustion)
    # UndefinedBehaviorSanitizer opens a pipe to look at an object; these leave it no descriptor.
    tests+=(--deselect tests/importer/test_exhaustion.py::test_descriptor_exhaustion_in_a_directory
      --deselect tests/importer/test_lifetime.py::test_transient_failures_are_not_remembered)
    # The interpreter itself is not instrumented: the run-time library has to be there before it,
    # and what it leaks at exit is not ours.
    local preload
    preload=$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libstdc++.so)
    export LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
  fi
  "$environment/bin/python" -m pytest -q --durations=5 --junitxml="$report" "${tests[@]}"
}

# conclude shows the log where something failed; the test run itself writes to it only.
conclude() {
  local code=$1
  exec >&3 2>&4
  if [[ $code -eq 0 ]]; then
    say "Python $name: $(tail -n1 "$log")"
  else
    sed "s/^/[python $name] /" "$log"
    say "Python $name: FAILED"
  fi
}

mkdir -p build/results
rm -f "$report"
say "Python $name: building and testing"
trap 'conclude $?' EXIT
exec 3>&1 4>&2 >"$log" 2>&1
scripts/python_env.sh "$name" "$interpreter" "$sanitizers"
run_tests
