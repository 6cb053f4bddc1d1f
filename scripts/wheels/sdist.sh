#!/usr/bin/env bash
# Makes the source distribution of the commit that is checked out: sdist.sh DIRECTORY. What is not in the commit
# is not in it.
source "$(dirname "$0")/../common.sh"
source scripts/wheels/compiler.sh
builder=$(printf '%s\n' "$cache"/builders/3.*[0-9] | sort -V | tail -n1)
[[ -x $builder/bin/python ]] || die "there is no environment that builds wheels: make wheels first"
checkout=build/release-source
output=$(realpath "$1")
rm -rf "$checkout"
mkdir -p "$checkout"
git archive HEAD | tar -x -C "$checkout"
cd "$checkout"
"$builder/bin/python" -c 'import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])' "$output"
