#!/usr/bin/env bash
# Makes a CPython 3.11 that runs with musl on this machine, and prints its path. Nobody publishes one that needs
# neither a container nor a system of its own. It is made once, and kept beside what wheels are made with.
#
# Its dynamic linker is Debian's musl, in a place of its own, which the program names: so it is started like any other.
# Modules are linked in, but for those whose libraries are not here (_ssl, _hashlib, readline, curses, dbm, _lzma).
source "$(dirname "$0")/../common.sh"
source scripts/private_apt.sh
source scripts/wheels/compiler.sh
source scripts/wheels/sources.sh
wheel_pins=$ROOT/scripts/wheels/musl_sources.txt

# build_libffi makes what _ctypes calls functions with.
build_libffi() {
  cd "$work/libffi"
  ./configure --build=x86_64-pc-linux-gnu --host=x86_64-linux-musl --prefix="$work/ffi" --libdir="$work/ffi/lib" \
    --disable-shared --disable-docs --disable-multi-os-directory --disable-exec-static-tramp CC="$compilers/clang" \
    AR="$compilers/ar" RANLIB="$compilers/ranlib" CFLAGS="-O1 -g0 -fPIC"
  make -j"$JOBS"
  make install
}

# build_python makes the interpreter. config.guess would take the machine's C library for ours.
build_python() {
  cd "$work/python3.11"
  PKG_CONFIG=false ./configure --build=x86_64-pc-linux-musl --prefix="$home" --without-ensurepip --disable-test-modules \
    CC="$compilers/clang -Wl,--dynamic-linker=$loader" AR="$compilers/ar" RANLIB="$compilers/ranlib" \
    READELF="$(command -v readelf)" CFLAGS="-O1 -g0 -Wno-date-time" LIBFFI_INCLUDEDIR="$work/ffi/include" \
    CPPFLAGS="-I$prefix/include -I$work/ffi/include" LDFLAGS="-L$prefix/lib -L$work/ffi/lib" \
    py_cv_module__{ssl,hashlib,lzma,curses,curses_panel,dbm,gdbm,tkinter,uuid,crypt}=n/a py_cv_module_{readline,nis}=n/a
  sed 's/^\*shared\*/*static*/' Modules/Setup.stdlib >Modules/Setup.local
  make -j"$JOBS" python
  make commoninstall bininstall
}

use_target x86_64-musl
prefix=$(scripts/wheels/libraries.sh "$target")
recipe=$({ echo "$prefix" && cat scripts/wheels/{musl_python.sh,musl_sources.txt}; } | sha256sum)
home=$cache/musl/${recipe:0:16} loader=$cache/musl/${recipe:0:16}/ld-musl-x86_64.so.1
if [[ ! -f $home/.complete ]]; then
  say "a Python with musl, some minutes" >&2
  get_sources >&2
  work=$cache/unfinished/musl-python
  rm -rf "$work" "$home"
  mkdir -p "$work" "$home"
  trap '[[ $? -eq 0 ]] || { tail -n 30 "$work/log" && echo "error: see $work/log"; } >&2' EXIT
  for package in python3.11 libffi; do unpack_source "$package" "$work/$package"; done
  dpkg -x "$cache/sources/$(pins | awk '$2 == "musl" { print $4 }')" "$work/musl"
  cp "$work/musl/usr/lib/x86_64-linux-musl/libc.so" "$loader"
  (
    build_libffi
    build_python
  ) >"$work/log" 2>&1
  touch "$home/.complete"
  rm -rf "$work"
fi
echo "$home/bin/python3.11"
