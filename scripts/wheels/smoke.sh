#!/usr/bin/env bash
# Installs wheels into systems that have no compiler, and does with them what the README does: smoke.sh [SYSTEM...]
# of bullseye, bookworm, trixie (Debian 11 to 13), and the same with "arm64-" in front, under qemu-user. Makes each
# system by debootstrap, as root, and keeps it. `arm64-unstable-3.14` is that interpreter of Debian's unstable suite,
# with what it needs. The wheels are those in dist/wheels that the system's Python wants.
# With "source-" in front, bookworm and trixie take the source distribution: it has to say what is missing, and to
# build when that is there. `smoke.sh musl` takes a Python with musl (musl_python.sh) on this system, and tries
# extension modules with it as well. `smoke.sh installers` has uv, uvx and pipx install the wheel of the interpreter
# that the tools run on. Without arguments it does all of this but musl.
source "$(dirname "$0")/../common.sh"
source scripts/private_apt.sh
source scripts/wheels/compiler.sh
source scripts/wheels/smoke_systems.sh
source scripts/wheels/smoke_natives.sh

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
  if is_foreign; then requirements=(); fi
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
  if is_foreign; then start=(env -C "$root/smoke" qemu-aarch64-static -L "$root"); fi
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

[[ $# -gt 0 ]] || set -- bullseye bookworm trixie arm64-bullseye arm64-bookworm arm64-trixie \
  arm64-unstable-3.14 arm64-unstable-3.15 installers source-bookworm source-trixie
for name; do
  if [[ $name == installers ]]; then
    try_installers
    continue
  fi
  root=$cache/roots/$name
  case $name in
    bullseye | bookworm | trixie) get="make_root $name" prepare=prepare_native more=try_one_file ;;
    arm64-bullseye | arm64-bookworm | arm64-trixie | arm64-unstable-3.*)
      get="make_root $name" prepare=prepare_foreign more=try_one_file
      ;;
    source-bookworm | source-trixie) get=copy_root prepare=prepare_source more=try_one_file ;;
    musl) get="use_target x86_64-musl" prepare=prepare_musl more=try_natives ;;
    *)
      die "unknown system $name: bullseye, bookworm, trixie, arm64-bullseye, arm64-bookworm, arm64-trixie, \
arm64-unstable-VERSION, source-bookworm, source-trixie, musl or installers"
      ;;
  esac
  $get
  write_application
  "$prepare"
  say "$name: $("${python[@]}" -VV | head -n1)"
  started=$SECONDS
  try_everything
  "$more"
  say "$name: all is well, after $((SECONDS - started)) s"
done
