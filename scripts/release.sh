#!/usr/bin/env bash
# Makes a release of the commit that is checked out, into dist/release: wheels, the source distribution,
# SHA256SUMS, and a manifest over all of it, signed by the wheel that was just built. release.sh KEY; a key with
# a password is asked for it. PYTHONS and TARGETS choose some wheels, for a rehearsal.
source "$(dirname "$0")/common.sh"
source scripts/wheels/compiler.sh
key=${1:-}
[[ -f $key ]] || die "usage: release.sh KEY, with the private key that releases are signed with"
[[ -z $(git status --porcelain) ]] || die "there are changes that are not committed: a release is of a commit"
version=$(sed -nE 's/^project\(signedvfs VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
release=dist/release

# use_own_wheel installs the newest wheel for this machine, which signs.
use_own_wheel() {
  local environment=build/release-tool wheel
  rm -rf "$environment"
  "$builder/bin/python" -m venv "$environment"
  wheel=$("$builder/bin/python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
  "$environment/bin/python" -m pip install -q --disable-pip-version-check --no-index \
    "$release/signedvfs-$version-$wheel-$wheel-manylinux_2_28_x86_64.whl"
  signedvfs=$environment/bin/signedvfs
}

rm -rf dist/wheels "$release"
mkdir -p "$release"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
say "signedvfs $version: wheels"
AGAIN=yes scripts/wheels.sh
[[ ${SMOKE:-} == no ]] || scripts/wheels/smoke.sh
cp dist/wheels/*.whl "$release"
builder=$(printf '%s\n' "$cache"/builders/3.*[0-9] | sort -V | tail -n1)
scripts/wheels/sdist.sh "$release"
(cd "$release" && sha256sum -- *.whl *.tar.gz >SHA256SUMS)
use_own_wheel
manifest=dist/signedvfs-$version.manifest
rm -f "$manifest"
"$signedvfs" sign "$release" --detached "$manifest" --key "$key" --name signedvfs
rm -f dist/release.pub
"$signedvfs" key "$key" -o dist/release.pub
for file in "$release"/*; do
  "$signedvfs" verify-file "$file" --directory "$release" --manifest "$manifest" --trust dist/release.pub \
    --name signedvfs
done
say "$release, signed in $manifest by the key in dist/release.pub"
