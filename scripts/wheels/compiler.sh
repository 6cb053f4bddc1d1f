# shellcheck shell=bash disable=SC2034 # what is set here is for who sources it
# The compilers of each target: zig, which brings the C library's headers and symbols of every version and
# the C++ library's sources, behind the names that configure scripts and CMake know. Sourced after common.sh.

# What is kept between runs: sources, tools, compilers, libraries.
cache=${SIGNEDVFS_WHEELS:-${XDG_CACHE_HOME:-$HOME/.cache}/signedvfs/wheels}
tools=$cache/tools

# The oldest glibc that wheels run with. The tag that goes with it is manylinux_2_28.
glibc=2.28

# The musl that goes with the tag of wheels for musl. (PEP 656: the C library's version in two numbers.)
musl=1.2

# use_target sets what the rest goes by: $target, its $machine and $c_library, its $zig_target, with options, the
# $platform of its wheels, $compilers, the directory of its wrappers, and $prefix, where its libraries are: named by
# everything they are made from.
use_target() {
  local recipe
  target=$1 machine=${1%-musl}
  case $target in
    x86_64 | aarch64)
      c_library=glibc zig_target=$machine-linux-gnu.$glibc
      platform=manylinux_${glibc/./_}_$machine
      ;;
    x86_64-musl)
      # By itself zig links programs with musl statically, and compiles all of it for that.
      c_library=musl zig_target="$machine-linux-musl -dynamic"
      platform=musllinux_${musl/./_}_$machine
      ;;
    *) die "unknown target $target: x86_64, aarch64 or x86_64-musl" ;;
  esac
  recipe=$(cat scripts/wheels/{sources.txt,requirements.txt,compiler.sh,libraries.sh} | sha256sum)
  prefix=$cache/prefixes/$target-${recipe:0:16}
  compilers=$cache/compilers/$target
  make_wrappers
}

# make_wrappers writes programs that call zig for the target. It keeps what it has compiled, so ccache has no
# part in this; SIGNEDVFS_ZIG_CACHE is another place to keep it in.
make_wrappers() {
  local zig options
  zig=$("$tools/bin/python" -c 'import ziglang; print(*ziglang.__path__)')/zig
  mkdir -p "$compilers" "$cache/zig"
  # Nothing that is compiled says where the cache is. zig compiles a C++ library for each way of linking: without these
  # options CMake's look at the compiler would want one that nothing else does.
  options="-target $zig_target -ffile-prefix-map='$cache'=. -O2 -s -Wno-unused-command-line-argument"
  wrapper clang "cc $options"
  wrapper clang++ "c++ $options"
  wrapper ar ar
  wrapper ranlib ranlib
}

wrapper() {
  local file=$compilers/$1
  # What has not changed keeps its time: ninja looks at it.
  cat >"$file.new" <<WRAPPER
#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR='$cache/zig' ZIG_LOCAL_CACHE_DIR="\${SIGNEDVFS_ZIG_CACHE:-$cache/zig}"
exec '$zig' $2 "\$@"
WRAPPER
  chmod +x "$file.new"
  if cmp -s "$file.new" "$file"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}

# The unwinder's functions by the versions that they have in libgcc_s.so.1 (System V ABI for the first ones).
unwinder_symbols() {
  cat <<'LIST'
GCC_3.0 _Unwind_DeleteException _Unwind_ForcedUnwind _Unwind_GetDataRelBase _Unwind_GetGR _Unwind_GetIP
GCC_3.0 _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase
GCC_3.0 _Unwind_RaiseException _Unwind_Resume _Unwind_SetGR _Unwind_SetIP
GCC_3.3 _Unwind_Backtrace _Unwind_FindEnclosingFunction _Unwind_GetCFA _Unwind_Resume_or_Rethrow
GCC_4.2.0 _Unwind_GetIPInfo
LIST
}

# make_unwinder DIRECTORY makes what is linked in the place of libgcc_s.so.1: a shared object of its name that has its
# symbols and nothing behind them. zig would link an unwinder of its own into every module, but CPython up to
# 3.13 ends daemon threads by unwinding them with the process's (pthread_exit(3)). That would call our frames'
# handlers, which would ask another unwinder about a frame that it does not know: the process would die.
make_unwinder() {
  local directory=$1 symbols
  symbols=$(unwinder_symbols)
  tr ' ' '\n' <<<"$symbols" | sed -n 's/^_Unwind.*/void &(void) {}/p' >"$directory/unwinder.c"
  awk '{ for (i = 2; i <= NF; i++) of[$1] = of[$1] " " $i ";" }
    END { for (version in of) print version " { global:" of[version] " };" }' <<<"$symbols" | sort \
    >"$directory/unwinder.map"
  "$compilers/clang" -shared -nostdlib -fno-builtin -g0 -Wno-everything -Wl,-soname,libgcc_s.so.1 \
    -Wl,--version-script,"$directory/unwinder.map" -o "$directory/libgcc_s.so.1" "$directory/unwinder.c"
}
