#!/usr/bin/env bash
# Runs CPython's own tests with one importer (signedvfs, zipimport or broken) in an environment that
# scripts/python_env.sh has made: conformance.sh NAME IMPORTER. See tests/conformance/README.md.
# Writes build/results/conformance-NAME-IMPORTER.{xml,log}.
source "$(dirname "$0")/common.sh"
name=$1 importer=$2
report=build/results/conformance-$name-$importer.xml
rm -f "$report"
exec scripts/logged.sh "conformance $name $importer" "build/python/$name/bin/python" \
  -m tests.conformance --importer "$importer" --report "$report"
