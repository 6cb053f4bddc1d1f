#!/usr/bin/env bash
# Times the core beside its floors, then importing and opening beside zipimport on CPython 3.11 and
# 3.13 (or whatever there is). The numbers are written to build/bench as JSON as well.
source "$(dirname "$0")/common.sh"
mkdir -p build/bench

say "core: an optimised build"
cmake --preset release >/dev/null
cmake --build --preset release --target signedvfs_bench
build/release/bench/signedvfs_bench --benchmark_out=build/bench/core.json

list=$(scripts/find_pythons.sh 2>/dev/null)
chosen=$(grep -E '^3\.(11|13) ' <<<"$list" || tail -n1 <<<"$list")
while read -r version interpreter; do
  say "imports: CPython $version"
  scripts/python_env.sh "$version" "$interpreter"
  "build/python/$version/bin/python" bench/import_bench.py --json "build/bench/imports-$version.json"
done <<<"$chosen"
