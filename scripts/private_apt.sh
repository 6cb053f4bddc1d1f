# shellcheck shell=bash
# An apt of one's own: it reads Debian's unstable suite and leaves the system's lists, caches and
# preferences alone. Sourced after common.sh. It talks to the mirror that the system's apt is
# configured with, through its proxies and credentials, and believes only what Debian's archive keys
# have signed, or a file whose SHA-256 it is told.
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
private_apt_is_open=

# open_private_apt DIRECTORY [ARCHITECTURE] makes it in a directory and reads the suite's lists, for
# the machine's architecture unless another is named. It fails, and says why, where this is no Debian,
# the suite cannot be reached, or its signature does not verify.
open_private_apt() {
  local codename mirror
  [[ -z $private_apt_is_open ]] || return 0
  private_apt_directory=$1
  private_apt_architecture=${2:-$(dpkg --print-architecture)}
  if ! codename=$(debian_codename) || ! command -v apt-get >/dev/null; then
    echo "this is no Debian; its apt may not mix in Debian's packages" >&2
    return 1
  fi
  if [[ ! -f $debian_keyring ]]; then
    echo "$debian_keyring is missing (install debian-archive-keyring)" >&2
    return 1
  fi
  while read -r mirror; do
    echo "apt: unstable from $mirror" >&2
    use_suite "$debian_keyring" "$mirror" unstable && private_apt_is_open=yes && return
    # Keys are replaced every few years. The system's own release, which the keys that are here do
    # vouch for, brings their successors.
    echo "apt: looks for newer archive keys in $codename" >&2
    renew_keyring "$mirror" "$codename" &&
      use_suite "$private_apt_directory$debian_keyring" "$mirror" unstable &&
      private_apt_is_open=yes && return
  done < <(debian_mirrors "$codename")
  echo "no mirror among apt's sources has an unstable suite that Debian's keys have signed" >&2
  return 1
}

# debian_codename prints the name of the release that runs here, and fails elsewhere.
debian_codename() {
  # shellcheck disable=SC1091 # the system's
  (source /etc/os-release && [[ $ID == debian ]] && echo "${VERSION_CODENAME:-unstable}")
}

# debian_mirrors lists where the system's apt gets the release "$1" from.
debian_mirrors() {
  apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$1/InRelease' .*|\1|p" | sort -u
}

# debian_pools lists where the files of all its suites are, and of its security updates.
debian_pools() {
  local codename
  if ! codename=$(debian_codename); then
    echo "this is no Debian; its apt knows no mirror of Debian's" >&2
    return 1
  fi
  debian_mirrors "$codename" | sed 's|$|/pool/main|'
  debian_mirrors "$codename-security" | sed 's|$|/pool/updates/main|'
}

# use_suite reads the lists of a suite: use_suite KEYRING MIRROR SUITE.
use_suite() {
  local keyring=$1 mirror=$2 suite=$3
  mkdir -p "$private_apt_directory"/{lists/partial,cache/archives/partial,tmp}
  # Nothing counts as installed here.
  : >"$private_apt_directory/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$private_apt_directory/sources.list"
  write_configuration >"$private_apt_directory/apt.conf"
  private_apt update -qq -o APT::Update::Error-Mode=any
}

# write_configuration prints what differs from the system's configuration, which is read before.
write_configuration() {
  cat <<CONF
Dir::State::Lists "$private_apt_directory/lists";
Dir::State::Status "$private_apt_directory/status";
Dir::Cache "$private_apt_directory/cache";
Dir::Etc::SourceList "$private_apt_directory/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
// Directories of a person's own need not be readable by apt's own user.
APT::Sandbox::User "root";
// Nothing may be unsigned, whatever is allowed elsewhere.
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
APT::Architecture "$private_apt_architecture";
APT::Architectures { "$private_apt_architecture"; };
Acquire::Retries "3";
// The system's hooks are about the system's lists.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::Contents-deb;
#clear Acquire::IndexTargets::deb::DEP-11;
CONF
}

# renew_keyring unpacks the release's newest keyring, which the installed one vouches for.
renew_keyring() {
  local mirror=$1 codename=$2
  use_suite "$debian_keyring" "$mirror" "$codename" &&
    unpack "$private_apt_directory" debian-archive-keyring
}

private_apt() {
  TMPDIR=$private_apt_directory/tmp apt-get -c "$private_apt_directory/apt.conf" "$@"
}

# unpack gets packages, whose digests the signed lists hold, and unpacks them without installing
# anything: unpack DIRECTORY PACKAGE...
unpack() {
  local directory=$1 package
  shift
  rm -rf "$private_apt_directory/packages"
  mkdir -p "$private_apt_directory/packages" "$directory"
  (cd "$private_apt_directory/packages" && private_apt download -qq "$@") || return
  for package in "$private_apt_directory"/packages/*.deb; do
    dpkg -x "$package" "$directory" || return
  done
}

# python_packages VERSION... lists what those CPythons of the suite are made of, a name a line: the
# programs, what they and their extension modules are linked with, and what their venv module installs.
python_packages() {
  local version
  printf '%s\n' libc6 libgcc-s1 libstdc++6 zlib1g libbz2-1.0 liblzma5 libzstd1 libexpat1 libffi8 libmpdec4 libssl3t64 \
    libsqlite3-0 libreadline8t64 libncursesw6 libtinfo6 libuuid1 python3-pip-whl
  for version; do
    printf '%s\n' "python$version" "python$version-minimal" "python$version-venv" "libpython$version" \
      "libpython$version-minimal" "libpython$version-stdlib"
  done
}

# is_pinned tells whether a file has a SHA-256: is_pinned SHA-256 FILE.
is_pinned() { sha256sum --check --status --strict <<<"$1  $2" 2>/dev/null; }

# download_pinned gets one file of a source package, or a package made of it, and believes its SHA-256 alone:
# download_pinned SHA-256 PACKAGE FILE DESTINATION. Mirrors keep files for longer than suites list them.
download_pinned() {
  local digest=$1 package=$2 file=$3 destination=$4 pool folder
  folder=${package:0:1}
  if [[ $package == lib* ]]; then folder=${package:0:4}; fi
  while read -r pool; do
    # Unlike curl, it knows what apt has been told of proxies and credentials.
    if /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root download-file \
      "$pool/$folder/$package/${file//\~/%7e}" "$destination" "SHA256:$digest" 2>/dev/null; then
      return
    fi
  done < <(debian_pools)
  echo "apt: no mirror has $file of $package with the SHA-256 $digest any more" >&2
  return 1
}
