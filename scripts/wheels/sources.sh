# shellcheck shell=bash disable=SC2154,SC2034 # the other files that are sourced know these names
# Gets and unpacks the sources that sources.txt pins. Sourced after common.sh and private_apt.sh; $cache
# is the directory that is kept between runs.
#
# Debian's mirrors are asked, several suites of them, since none has every version for long. A file counts
# where its SHA-256 is the pinned one, wherever it came from: what somebody has put into $cache/sources by
# hand is as good.
wheel_pins=scripts/wheels/sources.txt
wheel_suites=(bookworm trixie unstable)

pins() { grep -v '^#' "$wheel_pins"; }

# pinned_packages lists the source packages, each with its version.
pinned_packages() { pins | awk '{ print $2, $3 }' | uniq; }

# upstream_version prints the version of a package as its authors call it.
upstream_version() {
  pinned_packages | awk -v package="$1" '$1 == package { sub(/^[0-9]+:(.*really)?/, "", $2); sub(/[-+].*/, "", $2); print $2 }'
}

# has_sources tells whether all files of a package are there, as pinned.
has_sources() {
  pins | awk -v package="$1" '$2 == package { print $1 "  " $4 }' |
    (cd "$cache/sources" && sha256sum --check --status --strict 2>/dev/null)
}

# open_wheel_apt reads the lists of the suites, once in a run, with arm64's beside the machine's own.
open_wheel_apt() {
  local mirror
  [[ ! -v wheel_apt_is_open ]] || return 0
  private_apt_directory=$cache/apt
  private_apt_architectures=(arm64)
  while read -r mirror; do
    if use_suites "$debian_keyring" "$mirror" "${wheel_suites[@]}"; then
      wheel_apt_is_open=yes
      return
    fi
  done < <(debian_mirrors "$(debian_codename)")
  echo "no mirror among apt's sources has ${wheel_suites[*]}, signed by Debian's keys" >&2
  return 1
}

# find_missing sets $missing to the packages, each with its version, that are not there as pinned.
find_missing() {
  local package version
  missing=()
  while read -r package version; do
    has_sources "$package" || missing+=("$package=$version")
  done < <(pinned_packages)
}

# download has apt get packages, each with its version. It gets the files one after the other, and fails when one of
# them is not on the mirror any more. The others are there then, and these may be all that are pinned: what it says is
# for who misses one.
download() {
  local package
  local -a sources=() binaries=()
  for package; do
    if [[ $package == *:*=* ]]; then binaries+=("$package"); else sources+=("$package"); fi
  done
  (
    cd "$cache/sources" || exit
    failed=0
    [[ ${#sources[@]} -eq 0 ]] || private_apt source --download-only -qq "${sources[@]}" || failed=1
    [[ ${#binaries[@]} -eq 0 ]] || private_apt download -qq "${binaries[@]}" || failed=1
    exit "$failed"
  ) 2>>"$cache/download.log"
}

# get_sources gets what is missing into $cache/sources. A name with an architecture is a binary package's. Of two
# targets the second waits, and finds everything there.
get_sources() {
  local lock package
  local -a missing
  mkdir -p "$cache/sources"
  exec {lock}>"$cache/sources.lock"
  flock "$lock"
  : >"$cache/download.log"
  find_missing
  if [[ ${#missing[@]} -gt 0 ]] && open_wheel_apt; then
    say "sources of ${missing[*]}"
    # apt reads long lists each time, so it is called once for all. But it gets nothing where the lists lack one.
    download "${missing[@]}" || true
    find_missing
    for package in "${missing[@]}"; do download "$package" || true; done
    find_missing
  fi
  if [[ ${#missing[@]} -gt 0 ]]; then
    cat "$cache/download.log" >&2
    die "sources that could not be got, or are not what sources.txt pins: ${missing[*]}. Put the files that it \
names into $cache/sources, or pin versions that the mirror has"
  fi
  exec {lock}>&-
}

# unpack_source unpacks one package: unpack_source PACKAGE DIRECTORY. What has a .dsc gets the patches.
unpack_source() {
  local package=$1 directory=$2 description archive
  has_sources "$package" || die "the sources of $package are not what sources.txt pins"
  rm -rf "$directory"
  mkdir -p "$(dirname "$directory")"
  description=$(pins | awk -v package="$package" '$2 == package && /\.dsc$/ { print $4 }')
  if [[ $description ]]; then
    # Its digest is pinned, and its signer's key is not needed then.
    dpkg-source --no-check -x "$cache/sources/$description" "$directory" >/dev/null
  else
    archive=$(pins | awk -v package="$package" '$2 == package && /\.orig\.tar/ { print $4 }')
    mkdir -p "$directory"
    tar -x --strip-components=1 -f "$cache/sources/$archive" -C "$directory"
  fi
}
