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

# get_sources gets what is missing into $cache/sources. A name with an architecture is a binary package's.
get_sources() {
  local package version file
  local -a missing=() command
  mkdir -p "$cache/sources"
  while read -r package version; do
    if has_sources "$package"; then continue; fi
    say "sources of $package $version"
    command=(source --download-only)
    if [[ $package == *:* ]]; then command=(download); fi
    if open_wheel_apt; then
      # apt gets the files one after the other, and fails when one of them is not on the mirror any
      # more. The others are there then, and these may be all that are pinned.
      (cd "$cache/sources" && private_apt "${command[@]}" -qq "$package=$version") ||
        echo "apt: the mirror does not have all of $package $version" >&2
    fi
    has_sources "$package" || missing+=("$package=$version")
  done < <(pinned_packages)
  [[ ${#missing[@]} -eq 0 ]] || die "sources that could not be got, or are not what sources.txt pins: \
${missing[*]}. Put the files that it names into $cache/sources, or pin versions that the mirror has"
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
