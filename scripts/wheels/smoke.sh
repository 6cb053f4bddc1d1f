#!/usr/bin/env bash
# Installs wheels into systems that have no compiler, and does with them what the README does: smoke.sh SYSTEM...
# of bullseye, bookworm, trixie (Debian 11 to 13) and arm64 (Debian 12, under qemu-user). Makes each system by
# debootstrap, as root, and keeps it. The wheels are those in dist/wheels that the system's Python wants.
# With "source-" in front, bookworm and trixie take the source distribution: it has to say what is missing, and to
# build when that is there. `smoke.sh installers` has uv, uvx and pipx install the wheel of the interpreter that the tools run on.
source "$(dirname "$0")/../common.sh"
source scripts/wheels/compiler.sh

# python_of prints the version of a system's Python.
python_of() {
  case $1 in
    bullseye) echo 3.9 ;;
    bookworm | arm64) echo 3.11 ;;
    trixie) echo 3.13 ;;
  esac
}

# make_root makes the system once. Nothing runs in a foreign one: its packages are only unpacked.
make_root() {
  local name=$1 root=$cache/roots/$1 package
  local -a options=(--variant=minbase)
  if [[ -f $root/.complete ]]; then return; fi
  [[ $EUID -eq 0 ]] || die "debootstrap has to be run by root"
  command -v debootstrap >/dev/null || die "debootstrap is missing (Debian: apt-get install debootstrap)"
  say "$name: a system by debootstrap"
  mkdir -p "$cache/roots"
  rm -rf "$root"
  # The interpreter's shared library is carried by what `build` makes.
  options+=("--include=python3,python3-venv,ca-certificates,libpython$(python_of "$name")")
  if [[ $name == arm64 ]]; then
    debootstrap --foreign --arch=arm64 "${options[@]}" bookworm "$root" >"$root.log" 2>&1 || die "see $root.log"
    for package in "$root"/var/cache/apt/archives/*.deb; do dpkg -x "$package" "$root"; done
  else
    debootstrap "${options[@]}" "$name" "$root" >"$root.log" 2>&1 || die "see $root.log"
  fi
  touch "$root/.complete"
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
  local wheels venv=$root/smoke/venv
  command -v qemu-aarch64-static >/dev/null || die "qemu is missing (Debian: apt-get install qemu-user-static)"
  wheels=$(ls dist/wheels/signedvfs-*-cp311-cp311-manylinux_*_aarch64.whl)
  "$tools/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-index --only-binary :all: \
    --platform manylinux_2_28_aarch64 --python-version 3.11 --target "$venv/lib/python3.11/site-packages" "$wheels"
  mkdir -p "$venv/bin"
  printf '%s\n' "home = $root/usr/bin" "include-system-site-packages = false" >"$venv/pyvenv.cfg"
  cat >"$venv/bin/python" <<INTERPRETER
#!/bin/sh
exec qemu-aarch64-static -L '$root' -0 '$venv/bin/python' '$root/usr/bin/python3.11' "\$@"
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

inside() { "${in_root[@]}" /bin/sh -c "$1"; }

signedvfs() { "${python[@]}" -m signedvfs "$@"; }

# expect WHAT CODE TEXT COMMAND... runs a command, which has to end with the code and to say the text.
expect() {
  local what=$1 code=$2 text=$3 said ended=0
  shift 3
  said=$("$@" 2>&1) || ended=$?
  if [[ $ended -ne $code || $said != *"$text"* ]]; then
    printf '%s\n' "$said" >&2
    die "$name: $what ended with $ended and not $code, or did not say: $text"
  fi
  printf '   %s\n' "$what"
}

# write_application writes what is packed, and makes archives of formats that Python has no module for.
write_application() {
  rm -rf "$root/smoke"
  mkdir -p "$root/smoke/myapp/myapp" "$root/smoke/plain"
  printf '%s\n' 'import sys' 'def main() -> None:' '    print(f"hello, {sys.argv[1]}")' \
    >"$root/smoke/myapp/myapp/cli.py"
  : >"$root/smoke/myapp/myapp/__init__.py"
  : >"$root/smoke/requirements.txt"
  cp -r "$root/smoke/myapp/myapp" "$root/smoke/plain"
  echo 'import myapp.cli; myapp.cli.main()' >"$root/smoke/plain/__main__.py"
  command -v bsdtar >/dev/null || die "bsdtar is missing (Debian: apt-get install libarchive-tools)"
  (cd "$root/smoke/plain" && for suffix in tar.gz tar.bz2 tar.xz tar.zst 7z; do
    bsdtar -c -a -f "../plain.$suffix" __main__.py myapp
  done)
}

# change_member changes one bit of what is imported from an archive.
change_member() {
  python3 - "$root/smoke/$1" <<'PYTHON'
import pathlib, sys, zipfile
path = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(path) as archive:
    member = archive.getinfo("myapp/cli.pyc")
content = bytearray(path.read_bytes())
# In the middle of what is behind the local header (APPNOTE 4.3.7).
content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1
path.write_bytes(content)
PYTHON
}

# try_everything is the README, from keygen to run, then an import, the other formats, and tampering.
try_everything() {
  local suffix
  local -a requirements=(-r requirements.txt)
  # Its packages were only unpacked, and no pip is among them.
  if [[ $name == arm64 ]]; then requirements=(); fi
  expect version 0 "OpenSSL 3." signedvfs --version
  expect keygen 0 "made app.key (private) and app.pub (public)" signedvfs keygen app.key --no-password
  expect pack 0 "packed app.zip: " signedvfs pack ./myapp "${requirements[@]}" -m myapp.cli:main --name myapp \
    --serial 42 --key app.key -o app.zip
  expect verify 0 "app.zip: verified" signedvfs verify app.zip --trust app.pub
  expect run 0 "hello, Ada" signedvfs run --trust app.pub app.zip Ada
  expect import 0 "hello, Bob" "${python[@]}" -c 'import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load("app.pub"))
sys.path_hooks.insert(0, signedvfs.hook)
sys.path.insert(0, "app.zip")
sys.argv[1:] = ["Bob"]
import myapp.cli
assert type(myapp.__loader__).__module__.startswith("signedvfs"), myapp.__loader__
myapp.cli.main()'
  expect sign 0 "" signedvfs sign plain --key app.key
  for suffix in tar.gz tar.bz2 tar.xz tar.zst 7z; do
    expect "sign $suffix" 0 "" signedvfs sign "plain.$suffix" --key app.key -o "from-$suffix.zip"
    expect "run what was $suffix" 0 "hello, Eve" signedvfs run --trust app.pub "from-$suffix.zip" Eve
  done
  # A signed directory as archives of other formats: the manifest comes first.
  (cd "$root/smoke/plain" && for suffix in tar.xz 7z; do
    { echo signedimp-manifest.txt && find . -type f ! -name signedimp-manifest.txt -printf '%P\n'; } >../names
    bsdtar -c -a -f "../signed.$suffix" -T ../names
  done)
  expect "run tar.xz" 0 "hello, Ida" signedvfs run --trust app.pub signed.tar.xz Ida
  expect "run 7z" 0 "hello, Ida" signedvfs run --trust app.pub signed.7z Ida
  change_member app.zip
  expect "refuse a changed byte" 1 "" signedvfs verify app.zip --trust app.pub
  expect "run nothing of it" 1 "" signedvfs run --trust app.pub app.zip Ada
  expect "another key" 0 "" signedvfs keygen other.key --no-password
  expect "refuse what it has not signed" 1 "" signedvfs verify signed.7z --trust other.pub
}

# try_one_file builds an executable, runs it where nothing else of Python's counts, and changes it.
try_one_file() {
  local -a start=("${in_root[@]}")
  if [[ $name == arm64 ]]; then start=(env -C "$root/smoke" qemu-aarch64-static -L "$root"); fi
  expect build 0 "" signedvfs build myapp -m myapp.cli:main --name myapp --key app.key -o one
  expect "run one file" 0 "hello, Ida" "${start[@]}" ./one Ida
  change_member one
  expect "refuse what changed in it" 126 "myapp/cli.pyc" "${start[@]}" ./one Ida
}

# try_installers installs the command as people do, into directories of its own, from no index.
try_installers() {
  local home=$cache/installers interpreter=$tools/bin/python tag wheel
  tag=$("$interpreter" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
  wheel=$(ls dist/wheels/signedvfs-*-"$tag-$tag"-manylinux_*_x86_64.whl)
  rm -rf "$home"
  "$interpreter" -m venv "$home/venv"
  "$home/venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
    -r scripts/wheels/requirements-smoke.txt
  export UV_TOOL_DIR=$home/uv UV_TOOL_BIN_DIR=$home/uv-bin UV_CACHE_DIR=$home/uv-cache UV_OFFLINE=1
  export PIPX_HOME=$home/pipx PIPX_BIN_DIR=$home/pipx-bin
  expect "uv tool install" 0 "" "$home/venv/bin/uv" tool install --python "$interpreter" "$wheel"
  expect "what uv installed" 0 "OpenSSL 3." "$home/uv-bin/signedvfs" --version
  expect uvx 0 "OpenSSL 3." "$home/venv/bin/uvx" --python "$interpreter" --from "$wheel" signedvfs --version
  expect "pipx install" 0 "" "$home/venv/bin/pipx" install --python "$interpreter" --pip-args=--no-index "$wheel"
  expect "what pipx installed" 0 "OpenSSL 3." "$home/pipx-bin/signedvfs" --version
}

for name; do
  if [[ $name == installers ]]; then
    try_installers
    continue
  fi
  root=$cache/roots/$name
  case $name in
    bullseye | bookworm | trixie) get=make_root prepare=prepare_native ;;
    arm64) get=make_root prepare=prepare_foreign ;;
    source-bookworm | source-trixie) get=copy_root prepare=prepare_source ;;
    *) die "unknown system $name: bullseye, bookworm, trixie, arm64, source-bookworm, source-trixie or installers" ;;
  esac
  "$get" "$name"
  write_application
  "$prepare"
  say "$name: $("${python[@]}" -VV | head -n1)"
  started=$SECONDS
  try_everything
  try_one_file
  say "$name: all is well, after $((SECONDS - started)) s"
done
