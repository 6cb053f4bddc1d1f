#!/usr/bin/env bash
# Runs the Python tests with wheels of dist/wheels installed, in the place of a build: test_wheels.sh VERSION
# [PART...], with a version like 3.11 or 3.15t and parts as python_tests.sh has them.
source "$(dirname "$0")/../common.sh"
version=$1
shift
interpreter=$(scripts/find_pythons.sh 2>/dev/null | awk -v version="$version" '$1 == version { print $2 }')
[[ $interpreter ]] || die "no CPython $version is here (scripts/find_pythons.sh says where it looks)"
tag=cp${version/./}
wheel=$(echo dist/wheels/signedvfs-*-"${tag%t}-$tag"-manylinux_*_x86_64.whl)
[[ -f $wheel ]] || die "there is no wheel for $version in dist/wheels: make wheels PYTHONS=$version TARGETS=x86_64"
WHEEL=$wheel scripts/python_env.sh "wheel-$version" "$interpreter"
exec scripts/python_tests.sh "wheel-$version" "$@"
