# shellcheck shell=bash disable=SC2154,SC2034 # the other files that are sourced know these names
# Gets and unpacks the sources that sources.txt pins. Sourced after common.sh and private_apt.sh; $cache
# is the directory that is kept between runs.
#
# A file counts where its SHA-256 is the pinned one, wherever it came from: what somebody has put into
# $cache/sources by hand is as good as a mirror's.

# By its whole path: libraries are built in directories of their own.
wheel_pins=$ROOT/scripts/wheels/sources.txt

pins() { grep -v '^#' "$wheel_pins"; }

# upstream_version prints the version of a package as its authors call it.
upstream_version() {
  pins | awk -v package="$1" '$2 == package { version = $3 }
    END { sub(/^[0-9]+:(.*really)?/, "", version); sub(/[-+].*/, "", version); print version }'
}

# has_sources tells whether all files of a package are there, as pinned.
has_sources() {
  pins | awk -v package="$1" '$2 == package { print $1 "  " $4 }' |
    (cd "$cache/sources" && sha256sum --check --status --strict 2>/dev/null)
}

# get_sources gets what is missing into $cache/sources. Of two targets the second waits, and finds everything there.
get_sources() {
  local lock digest package file
  local -a missing=()
  mkdir -p "$cache/sources"
  exec {lock}>"$cache/sources.lock"
  flock "$lock"
  while read -r digest package _ file; do
    is_pinned "$digest" "$cache/sources/$file" ||
      download_pinned "$digest" "$package" "$file" "$cache/sources/$file" || missing+=("$file")
  done < <(pins)
  exec {lock}>&-
  [[ ${#missing[@]} -eq 0 ]] || die "sources that could not be got: ${missing[*]}. Put files of these names that are \
what ${wheel_pins#"$ROOT"/} pins into $cache/sources, or pin versions that the mirror has"
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
