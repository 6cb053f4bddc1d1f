#!/usr/bin/env bash
# Runs the Python tests in an environment that scripts/python_env.sh has made: python_tests.sh NAME
# [PART...]. Parts are directories below tests/; by default all that are about the installed package.
# Of the command line's tests, "cli-quick" are those that are not marked as slow, "cli-slow" the
# others, "cli-run" those of what differs with the interpreter, and "cli-smoke" some of the other
# commands. "bindings-core" are the tests of the extension modules alone, without those of what is
# written in Python, and of the memory that a stranger's file costs. Of the importer's,
# "importer-core" are those of what differs with the interpreter, without most of those of native code,
# of the import manager, and of other processes; "importer-brief" are those of them that start few
# processes; "importer-hook" are all but the launcher's; "importer-start" are all but those of the launcher
# that say the same of every interpreter; "importer-sanitized" are the core's with native code and long
# sequences of calls, which reach the lines that the C++ tests with sanitizers do not.
# The environment `asan` is one with sanitizers; there the command line's tests are left out, which
# come to the core by the same functions as those of the bindings. Writes
# build/results/python-NAME[-PART...].{xml,log}.
source "$(dirname "$0")/common.sh"
shopt -s extglob
name=$1
shift
label=$(IFS=-; echo "python-$name${*:+-$*}")
report=build/results/$label.xml
if [[ $# -eq 0 ]]; then
  if [[ $name == asan ]]; then set -- bindings-core importer-sanitized; else set -- bindings cli importer jobs; fi
fi

# What is left out of these is about other processes, libarchive, and memory that runs out.
left_out='attacker|children|exhaustion|foreign_archives|registries|rollback|showing_errors'
left_out+='|ways_past_the_watch'
# What these show starts an interpreter for each row.
rows='debugging|exit|hostile_arguments|showing_matrix|side_doors'
core=(tests/importer/test_!($left_out).py tests/importer/files
  tests/importer/guard/test_{loaded_modules,lockdown,manager}.py)
tests=()
for part in "$@"; do
  case $part in
    cli-quick) tests+=(tests/cli -m "not slow") ;;
    cli-slow) tests+=(tests/cli -m slow) ;;
    cli-run) tests+=(tests/cli/test_{running,run_options,isolation}.py) ;;
    cli-smoke) tests+=(tests/cli/test_{detached,keys,restarts,signing,single_files}.py) ;;
    bindings-core) tests+=(tests/bindings --ignore=tests/bindings/{building,compat,pure,test_cost.py}) ;;
    importer-brief)
      tests+=(tests/importer/test_!($left_out|$rows).py tests/importer/files tests/importer/native/test_kinds.py)
      ;;
    importer-core) tests+=("${core[@]}" tests/importer/native/test_{interpreters,kinds}.py) ;;
    importer-hook) tests+=(tests/importer --ignore=tests/importer/launcher) ;;
    importer-start)
      tests+=(tests/importer
        --ignore=tests/importer/launcher/test_{debuggers,hardened,hardened_header,limits,tampering,tk}.py)
      ;;
    importer-sanitized)
      tests+=("${core[@]}" tests/importer/native tests/importer/guard/test_sequences.py)
      ;;
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
