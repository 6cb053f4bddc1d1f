#!/usr/bin/env bash
# Runs a command whose output is not to mix with that of others: logged.sh NAME COMMAND... Writes
# build/results/NAME.log; says its last line at the end, or, where the command failed, all of it. Exits as the
# command did.
source "$(dirname "$0")/common.sh"
name=$1
shift
log=build/results/${name//[ ,]/-}.log
mkdir -p build/results
code=0
started=$SECONDS
"$@" >"$log" 2>&1 || code=$?
if [[ $code -eq 0 ]]; then
  say "$name: $(tail -n1 "$log") ($((SECONDS - started)) s)"
else
  sed "s/^/[$name] /" "$log"
  say "$name: FAILED after $((SECONDS - started)) s"
fi
exit "$code"
