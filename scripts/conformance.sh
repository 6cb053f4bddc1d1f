#!/usr/bin/env bash
# Runs CPython's own tests with one importer (signedvfs, zipimport or broken) in an environment that
# scripts/python_env.sh has made: conformance.sh NAME IMPORTER. See tests/conformance/README.md.
# Writes build/results/conformance-NAME-IMPORTER.{xml,log}.
source "$(dirname "$0")/common.sh"
name=$1 importer=$2
results=build/results/conformance-$name-$importer

mkdir -p build/results
rm -f "$results.xml"
code=0
"build/python/$name/bin/python" -m tests.conformance --importer "$importer" \
  --report "$results.xml" >"$results.log" 2>&1 || code=$?
# All of it at once: another interpreter's run may be going on.
sed "s/^/[conformance $name] /" "$results.log"
exit "$code"
