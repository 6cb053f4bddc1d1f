# shellcheck shell=bash disable=SC2154 # the other files that are sourced know these names
# Extension modules in a signed archive, where the C library is musl. Sourced after smoke_systems.sh.

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
