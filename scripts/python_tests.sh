#!/usr/bin/env bash
# Runs the Python tests in an environment that scripts/python_env.sh has made: python_tests.sh NAME
# [PART...]. Parts are directories below tests/; by default all that are about the installed package.
# Of the command line's tests, "cli-quick" are those that are not marked as slow, "cli-slow" the
# others, and "cli-run" those of what differs with the interpreter. "bindings-core" are the tests of the
# extension modules alone, without those of what is written in Python, and "importer-core" those without
# native code.
# The environment `asan` is one with sanitizers; there the command line's tests are left out, which
# come to the core by the same functions as those of the bindings. Writes
# build/results/python-NAME[-PART...].{xml,log}.
source "$(dirname "$0")/common.sh"
name=$1
shift
label=$(IFS=-; echo "python-$name${*:+-$*}")
report=build/results/$label.xml
if [[ $# -eq 0 ]]; then
  if [[ $name == asan ]]; then set -- bindings-core importer; else set -- bindings cli importer jobs; fi
fi

tests=()
for part in "$@"; do
  case $part in
    cli-quick) tests+=(tests/cli -m "not slow") ;;
    cli-slow) tests+=(tests/cli -m slow) ;;
    cli-run) tests+=(tests/cli/test_{running,run_options,isolation,restarts}.py) ;;
    bindings-core) tests+=(tests/bindings --ignore=tests/bindings/compat --ignore=tests/bindings/pure) ;;
    importer-core) tests+=(tests/importer --ignore=tests/importer/native) ;;
    *) tests+=("tests/$part") ;;
  esac
done
sanitized=()
if [[ $name != asan ]]; then
  if [[ " $* " == *" bindings"* ]]; then tests+=(tests/architecture/test_extension.py); fi
else
  # AddressSanitizer's shadow does not fit under a limit on memory.
  tests+=(--deselect tests/importer/test_exhaustion.py::test_memory_exhaustion)
  # UndefinedBehaviorSanitizer opens a pipe to look at an object; this leaves it no descriptor.
  tests+=(--deselect tests/importer/test_exhaustion.py::test_descriptor_exhaustion)
  # A child of fork waits for ever for the lock of AddressSanitizer's allocator that another thread of the
  # parent held: GCC's run-time library opens it nowhere.
  tests+=(--deselect tests/importer/test_threads.py::test_fork_while_threads_import)
  tests+=(--deselect tests/importer/native/test_processes.py::test_fork_while_another_thread_imports)
  # The interpreter itself is not instrumented: the run-time library has to be there before it,
  # and what it leaks at exit is not ours.
  preload=$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libstdc++.so)
  export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
  sanitized=(env LD_PRELOAD="$preload")
fi
# Whatever else is imported may not put the GIL of a free-threaded build back.
if [[ $name == *t ]]; then export PYTHON_GIL=0; fi
rm -f "$report"
exec scripts/logged.sh "$label" "${sanitized[@]}" "build/python/$name/bin/python" -m pytest -q \
  --durations=10 --junitxml="$report" "${tests[@]}"
