#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (60) under libFuzzer with AddressSanitizer and
# UndefinedBehaviorSanitizer. New inputs are kept in build/fuzz/corpus for the next run; what crashes
# a target is left in build/fuzz/findings.
source "$(dirname "$0")/common.sh"
seconds=${FUZZ_SECONDS:-60}

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target fuzzers
mkdir -p build/fuzz/findings
failed=()
for seeds in tests/fuzz/*_corpus; do
  target=$(basename "$seeds" _corpus)
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus"
  say "$target: $seconds s"
  # libarchive asks malloc for what a cpio header declares, up to 4 GiB, before it looks whether so
  # much is there: that is never touched, so what counts is the memory in use.
  "build/fuzz/tests/fuzz/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
    -malloc_limit_mb=4200 \
    -print_final_stats=1 -verbosity=1 -artifact_prefix=build/fuzz/findings/"$target"- \
    "$corpus" "$seeds" || failed+=("$target")
done
[[ ${#failed[@]} -eq 0 ]] || die "findings in ${failed[*]}: see build/fuzz/findings"
say "no findings"
