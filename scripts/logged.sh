#!/usr/bin/env bash
# Runs a command whose output is not to mix with that of others: logged.sh NAME COMMAND... Writes
# build/results/NAME.log, shows it in one piece at the end, and exits as the command did.
source "$(dirname "$0")/common.sh"
name=$1
shift
log=build/results/${name// /-}.log
mkdir -p build/results
code=0
"$@" >"$log" 2>&1 || code=$?
sed "s/^/[$name] /" "$log"
exit "$code"
