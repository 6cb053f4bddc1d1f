# shellcheck shell=bash disable=SC2154,SC2034 # the other files that are sourced know these names
# The systems that wheels are tried in: how each is made, and how it gets what is tried. $name says which one, $root is
# where it is, and $python what starts its interpreter. Sourced after common.sh and compiler.sh.

# python_of prints the version of a system's Python.
python_of() {
  case ${1#arm64-} in
    bullseye) echo 3.9 ;;
    bookworm) echo 3.11 ;;
    trixie) echo 3.13 ;;
    unstable-*) echo "${1##*-}" ;;
  esac
}

is_foreign() { [[ $name == arm64-* ]]; }

# make_root makes the system once. Nothing runs in a foreign one: its packages are only unpacked.
make_root() {
  local name=$1 root=$cache/roots/$1 package
  local -a options=(--variant=minbase)
  if [[ -f $root/.complete ]]; then return; fi
  mkdir -p "$cache/roots"
  rm -rf "$root"
  if [[ $name == arm64-unstable-* ]]; then
    unpack_unstable "$(python_of "$name")"
    touch "$root/.complete"
    return
  fi
  [[ $EUID -eq 0 ]] || die "debootstrap has to be run by root"
  command -v debootstrap >/dev/null || die "debootstrap is missing (Debian: apt-get install debootstrap)"
  say "$name: a system by debootstrap"
  # The interpreter's shared library is carried by what `build` makes.
  options+=("--include=python3,python3-venv,ca-certificates,libpython$(python_of "$name")")
  if is_foreign; then
    debootstrap --foreign --arch=arm64 "${options[@]}" "${name#arm64-}" "$root" >"$root.log" 2>&1 || die "see $root.log"
    for package in "$root"/var/cache/apt/archives/*.deb; do dpkg -x "$package" "$root"; done
  else
    debootstrap "${options[@]}" "$name" "$root" >"$root.log" 2>&1 || die "see $root.log"
  fi
  touch "$root/.complete"
}

# unpack_unstable VERSION unpacks an interpreter for aarch64 that no release has yet, and what it needs.
unpack_unstable() {
  local -a packages
  mapfile -t packages < <(python_packages "$1")
  if ! open_private_apt "$cache/roots/unstable-arm64.apt" arm64 || ! unpack "$root" "${packages[@]}"; then
    die "CPython $1 for aarch64 could not be got"
  fi
  # Which lead from / to /usr belongs to none of these packages.
  ln -s usr/lib "$root/lib"
}

# enter_root sets what runs a command in the system.
enter_root() {
  # /proc is there for these processes alone, and goes with them.
  # shellcheck disable=SC2016 # it is the inner shell's
  in_root=(unshare --mount sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' sh "$root"
    /usr/bin/env -i -C /smoke HOME=/smoke PATH=/smoke/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin)
}

# prepare_native has the system's own pip install the wheel; it reaches no index, and hears of no setting of ours.
prepare_native() {
  local wheels
  enter_root
  if inside "command -v cc gcc g++ clang" >/dev/null; then die "$name has a compiler, and shows nothing"; fi
  tag=$(inside 'python3 -c "import sys; print(\"cp%d%d\" % sys.version_info[:2])"')
  wheels=$(ls dist/wheels/signedvfs-*-"$tag-$tag"-manylinux_*_x86_64.whl)
  mkdir -p "$root/smoke/wheels"
  cp "$wheels" "$root/smoke/wheels"
  inside "python3 -m venv venv && venv/bin/pip install -q --no-index --find-links wheels signedvfs"
  python=("${in_root[@]}" /smoke/venv/bin/python)
}

# prepare_foreign makes a virtual environment whose interpreter is a script that starts qemu. sys.executable is the
# script then, which `pack` and `run` can start again, with whatever environment, on a kernel that knows no qemu.
prepare_foreign() {
  local wheels version venv=$root/smoke/venv
  version=$(python_of "$name")
  command -v qemu-aarch64-static >/dev/null || die "qemu is missing (Debian: apt-get install qemu-user-static)"
  tag=cp${version/./}
  wheels=$(ls dist/wheels/signedvfs-*-"$tag-$tag"-manylinux_*_aarch64.whl)
  "$tools/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-index --only-binary :all: \
    --platform manylinux_2_28_aarch64 --python-version "$version" \
    --target "$venv/lib/python$version/site-packages" "$wheels"
  mkdir -p "$venv/bin"
  printf '%s\n' "home = $root/usr/bin" "include-system-site-packages = false" >"$venv/pyvenv.cfg"
  cat >"$venv/bin/python" <<INTERPRETER
#!/bin/sh
exec qemu-aarch64-static -L '$root' -0 '$venv/bin/python' '$root/usr/bin/python$version' "\$@"
INTERPRETER
  chmod +x "$venv/bin/python"
  python=(env -C "$root/smoke" "$venv/bin/python")
  expect architecture 0 "aarch64 $venv/bin/python" "${python[@]}" -I -c \
    'import os, sys, signedvfs; print(os.uname().machine, sys.executable)'
}

# copy_root makes a system anew, from the one that stays without a compiler.
copy_root() {
  make_root "${name#source-}"
  rm -rf "$root"
  cp -a "$cache/roots/${name#source-}" "$root"
}

# prepare_source has pip build the source distribution, in a system that then gets what pip says is missing.
# What builds comes as wheels: no index is asked here either.
prepare_source() {
  local said missing
  enter_root
  mkdir -p "$root/smoke/wheels"
  scripts/wheels/sdist.sh "$root/smoke/wheels" >/dev/null
  awk '/^(cmake|ninja)==/ { taken = 1 } taken { print } !/\\$/ { taken = 0 }' scripts/wheels/requirements.txt |
    "$tools/bin/python" -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
      --only-binary :all: -d "$root/smoke/wheels" -r scripts/wheels/requirements-build.txt -r /dev/stdin
  inside "python3 -m venv venv"
  if said=$(inside "venv/bin/pip install --no-index --find-links wheels signedvfs" 2>&1); then
    die "$name: the source distribution was built, and something should have been missing"
  fi
  # CMake breaks its lines, and pip puts something in front of each.
  missing=$(tr -s ' \n' ' ' <<<"$said" | grep -o -m1 'apt-get install [a-z0-9 +.-]*') || die "$name: no command in: $said"
  say "$name: $missing"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  inside "apt-get update -qq && DEBIAN_FRONTEND=noninteractive $missing -y -qq --no-install-recommends" \
    >"$root.log" 2>&1 || die "see $root.log"
  inside "venv/bin/pip install -q --no-index --find-links wheels signedvfs"
  python=("${in_root[@]}" /smoke/venv/bin/python)
}

# prepare_musl has the pip of a Python with musl install the wheel: it decides by the tag, too.
prepare_musl() {
  local venv=$root/smoke/venv interpreter
  interpreter=$(scripts/wheels/musl_python.sh)
  mkdir -p "$root/smoke/wheels"
  cp dist/wheels/signedvfs-*-cp311-cp311-musllinux_*_x86_64.whl "$root/smoke/wheels"
  "$interpreter" -m venv "$venv"
  python=(env -i -C "$root/smoke" HOME="$root/smoke" PATH="$venv/bin:/usr/bin:/bin" "$venv/bin/python")
  "${python[@]}" -m pip install -q --disable-pip-version-check --no-index --find-links wheels signedvfs
}

inside() { "${in_root[@]}" /bin/sh -c "$1"; }
