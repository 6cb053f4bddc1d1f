#!/usr/bin/env bash
# Installs wheels into systems that have no compiler, and does with them what the README does: smoke.sh SYSTEM...
# of bullseye, bookworm, trixie (Debian 11 to 13) and arm64 (Debian 12, under qemu-user). Makes each system by
# debootstrap, as root, and keeps it. The wheels are those in dist/wheels that the system's Python wants.
# `smoke.sh musl` takes a Python with musl (musl_python.sh) on this system, and also tries extension modules with it.
# `smoke.sh installers` has uv, uvx and pipx install the wheel of the interpreter that the tools run on.
source "$(dirname "$0")/../common.sh"
source scripts/wheels/compiler.sh

# make_root makes the system once. Nothing runs in a foreign one: its packages are only unpacked.
make_root() {
  local name=$1 root=$cache/roots/$1 package
  local -a options=(--variant=minbase "--include=python3,python3-venv,ca-certificates")
  if [[ -f $root/.complete ]]; then return; fi
  [[ $EUID -eq 0 ]] || die "debootstrap has to be run by root"
  command -v debootstrap >/dev/null || die "debootstrap is missing (Debian: apt-get install debootstrap)"
  say "$name: a system by debootstrap"
  mkdir -p "$cache/roots"
  rm -rf "$root"
  if [[ $name == arm64 ]]; then
    debootstrap --foreign --arch=arm64 "${options[@]}" bookworm "$root" >"$root.log" 2>&1 || die "see $root.log"
    for package in "$root"/var/cache/apt/archives/*.deb; do dpkg -x "$package" "$root"; done
  else
    debootstrap "${options[@]}" "$name" "$root" >"$root.log" 2>&1 || die "see $root.log"
  fi
  touch "$root/.complete"
}

# prepare_native has the system's own pip install the wheel; it reaches no index, and hears of no setting of ours.
prepare_native() {
  local wheels
  in_root=(chroot "$root" /usr/bin/env -i -C /smoke HOME=/smoke PATH=/smoke/venv/bin:/usr/bin:/bin)
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

# make_module NAME CODE [LIBRARY...] makes an extension module of native/, whose `value()` is what C code returns, and
# make_library FILE TEXT MARK a library whose say() returns a text; loading it makes the file MARK.
make_module() {
  local name=$1 code=$2
  shift 2
  "$compilers/clang" -shared -fPIC -g0 -I"$("${python[@]}" -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
    -o "$root/smoke/native/$name.so" -x c - -x none "$@" <<CODE
#include <Python.h>
const char *say(void);
static PyObject *value(PyObject *self, PyObject *unused) { return PyUnicode_FromString($code); }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "$name", NULL, 0, methods, slots, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_$name(void) { return PyModuleDef_Init(&def); }
CODE
}

make_library() {
  mkdir -p "$(dirname "$1")"
  "$compilers/clang" -shared -fPIC -g0 -Wl,-soname,libsay.so.1 -o "$1" -x c - <<CODE
#include <fcntl.h>
const char *say(void) { return "$2"; }
__attribute__((constructor)) static void mark(void) { creat("$3", 0600); }
CODE
}

# native_value VERIFIED MODULE [VARIABLE...] prints what value() of a module in native/ says: from there where VERIFIED
# is no, and from the signed archive of it otherwise.
native_value() {
  local verified=$1 module=$2
  shift 2
  "${python[@]:0:6}" "$@" "${python[@]:6}" -c 'import sys
if sys.argv[1] == "no":
    sys.path.insert(0, "native")
else:
    import signedvfs
    signedvfs.trust(signedvfs.PublicKey.load("app.pub"))
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, "native.zip")
print(__import__(sys.argv[2]).value())' "$verified" "$module"
}

# try_natives tries that extension modules are loaded from memory, and that none gets a library that nobody has
# verified: musl looks for libraries by their names in directories, whatever is in memory.
try_natives() {
  local planted=$root/smoke/planted own=$root/smoke/native/libsay.so.1
  make_library "$planted/libsay.so.1" planted "$planted/mark"
  make_library "$own" bundled "$root/smoke/bundled-mark"
  make_module alone '"alone"'
  make_module needing 'say()' "$own"
  (cd "$root/smoke/native" && bsdtar -c -f ../native.tar alone.so needing.so libsay.so.1)
  expect "sign extension modules" 0 "" signedvfs sign native.tar --key app.key -o native.zip
  expect "the linker takes what is planted" 0 planted native_value no needing LD_LIBRARY_PATH="$planted"
  rm "$planted/mark"
  expect "an extension module" 0 alone native_value yes alone
  expect "refuse a bundled library" 1 "takes nothing for a name" native_value yes needing
  expect "refuse it beside a planted one" 1 "takes nothing for a name" native_value yes needing LD_LIBRARY_PATH="$planted"
  if [[ -e $planted/mark ]]; then die "$name: the planted library has run"; fi
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
  python3 - "$root/smoke/app.zip" <<'PYTHON'
import pathlib, sys, zipfile
path = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(path) as archive:
    member = archive.getinfo("myapp/cli.pyc")
content = bytearray(path.read_bytes())
# In the middle of what is behind the local header (APPNOTE 4.3.7).
content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1
path.write_bytes(content)
PYTHON
  expect "refuse a changed byte" 1 "" signedvfs verify app.zip --trust app.pub
  expect "run nothing of it" 1 "" signedvfs run --trust app.pub app.zip Ada
  expect "another key" 0 "" signedvfs keygen other.key --no-password
  expect "refuse what it has not signed" 1 "" signedvfs verify signed.7z --trust other.pub
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
  case $name in
    bullseye | bookworm | trixie | arm64 | musl) root=$cache/roots/$name ;;
    *) die "unknown system $name: bullseye, bookworm, trixie, arm64, musl or installers" ;;
  esac
  if [[ $name == musl ]]; then use_target x86_64-musl; else make_root "$name"; fi
  write_application
  case $name in
    arm64) prepare_foreign ;;
    musl) prepare_musl ;;
    *) prepare_native ;;
  esac
  say "$name: $("${python[@]}" -VV | head -n1)"
  started=$SECONDS
  try_everything
  if [[ $name == musl ]]; then try_natives; fi
  say "$name: all is well, after $((SECONDS - started)) s"
done
