#!/usr/bin/env bash
# Gets interpreters that the machine lacks into the cache that common.sh names: get_pythons.sh
# [debian] [3.13t] [3.14t] [3.15t]; without arguments, debian and 3.14t. Nothing is installed outside of
# it, and what is there already is left as it is: remove its folder to get it anew.
#
#   debian  CPython 3.14 and 3.15 with their tests, and 3.15 built --with-pydebug, from Debian's
#           unstable suite: seconds, and about 150 MB to download
#   3.14t   CPython without a GIL, built here from the sources that pythons.txt pins: about 3 minutes
#           on 2 cores; 3.13t and 3.15t the same
#
# Each appears whole or not at all. What cannot be got is said, and the script fails; the other
# interpreters are got and tested all the same.
source "$(dirname "$0")/common.sh"
source scripts/private_apt.sh

debian_versions=(3.14 3.15)
# The newest comes as a debug build too.
debug_version=3.15
source_pins=scripts/pythons.txt

# work is where everything is made; what is complete is moved from here into the cache.
make_work_directory() {
  mkdir -p "$PYTHONS_CACHE"
  PYTHONS_CACHE=$(cd "$PYTHONS_CACHE" && pwd -P)
  # Of two that run at a time the second one waits, and finds everything there.
  exec 9>"$PYTHONS_CACHE/lock"
  flock 9
  work=$PYTHONS_CACHE/.work
  # A run that was stopped may have left it.
  rm -rf "$work"
  mkdir "$work"
  trap 'rm -rf "$work"' EXIT
}

# get NAME has the function get_NAME fill a directory, and puts it into the cache. The function gets
# two arguments: the directory, and the name that it will have there.
get() {
  local name=$1 home=$PYTHONS_CACHE/$1 started=$SECONDS
  if [[ -d $home ]]; then
    say "pythons, $name: there already, in $home"
    return
  fi
  say "pythons, $name: getting them"
  "get_$name" "$work/$name" "$home" || return
  mv -T "$work/$name" "$home"
  say "pythons, $name: in $home after $((SECONDS - started)) s"
}

get_debian() {
  local directory=$1 home=$2 version
  local -a packages
  mapfile -t packages < <(python_packages "${debian_versions[@]}")
  open_private_apt "$work/apt" || return
  for version in "${debian_versions[@]}"; do
    packages+=("python$version-dev" "libpython$version-dev" "libpython$version-testsuite")
  done
  packages+=("python$debug_version-dbg" "libpython$debug_version-dbg")
  unpack "$directory" "${packages[@]}" &&
    remove_ballast "$directory" &&
    lead_to_own_headers "$directory/usr" "$home/usr" &&
    lead_to_own_libraries "$directory/usr" "$home/usr" &&
    check "$directory/usr"
}

# remove_ballast removes most of what the packages weigh and nobody needs here.
remove_ballast() {
  rm -rf "$1"/usr/lib/debug "$1"/usr/share/{doc,lintian,man} &&
    find "$1" '(' -name 'libpython*-pic.a' -o -name 'libpython*d.a' ')' -delete
}

# lead_to_own_headers replaces the paths of a system-wide installation that extensions are built by.
lead_to_own_headers() {
  local directory=$1 home=$2 multiarch include
  multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || cc -print-multiarch) || return
  for include in "$directory"/include/python*; do
    # Links of the debug build's headers would lead a compiler to the other build's pyconfig.h.
    cp -rL "$include" "$include.own" && rm -r "$include" && mv "$include.own" "$include" || return
    cp "$directory/include/$multiarch/${include##*/}/pyconfig.h" "$include/pyconfig.h" || return
  done
  sed -i -E "s#(INCLUDEPY|LIBDIR|LIBPL|WHEEL_PKG_DIR)(['\"]: ['\"])/usr/#\1\2$home/#" \
    "$directory"/lib/python*/_sysconfig_vars_*.json "$directory"/lib/python*/_sysconfigdata_*_*.py
}

# lead_to_own_libraries has the programs start with the C library and others that came with them.
lead_to_own_libraries() {
  local directory=$1 home=$2 program loader
  while read -r program; do
    loader=$(patchelf --print-interpreter "$program") &&
      # Unlike a RUNPATH, an RPATH counts for the extension modules as well.
      patchelf --set-interpreter "$home$loader" --force-rpath \
        --set-rpath "\$ORIGIN/../lib/$(library_folder "$directory")" "$program" || return
  done < <(interpreters "$directory")
}

# library_folder prints the name that the architecture's libraries have below lib.
library_folder() { cd "$1/lib" && dirname ./*-linux-*/libc.so.6 | cut -c3-; }

# interpreters lists those of an installation, python3.14, python3.15d, python3.14t and so on.
interpreters() { find "$1/bin" -type f -name 'python3.*' ! -name '*-config' | sort; }

# check starts the interpreters below a prefix and has them load what their libraries are for. They
# are not yet where their programs say: the loader is told, and called by its name if it came with them.
check() {
  local directory=$1 program
  local -a loader=(env LD_LIBRARY_PATH="$1/lib")
  if [[ -d $directory/lib64 ]]; then
    loader=("$directory"/lib64/ld-linux-*.so.* --library-path
      "$directory/lib/$(library_folder "$directory")")
  fi
  while read -r program; do
    "${loader[@]}" "$program" -I - <<'PYTHON' || return
import bz2, ctypes, decimal, hashlib, lzma, multiprocessing, pathlib, ssl, sys, sysconfig, zlib
import ensurepip, pyexpat, test.test_zipimport, venv

if sys.version_info >= (3, 14):
    import compression.zstd
assert (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists()
print("  ", sys.executable.rpartition("/")[2], sys.version)
PYTHON
  done < <(interpreters "$directory")
}

# The three that pythons.txt names.
get_3.13t() { get_free_threaded 3.13t "$@"; }
get_3.14t() { get_free_threaded 3.14t "$@"; }
get_3.15t() { get_free_threaded 3.15t "$@"; }

# get_free_threaded builds an interpreter without a GIL: get_free_threaded NAME DIRECTORY HOME.
get_free_threaded() {
  local name=$1 directory=$2 home=$3 digest package file
  read -r digest package _ file < <(awk -v package="python${name%t}" '$2 == package' "$source_pins")
  # Of another that failed.
  rm -rf "$work/source" "$work/root"
  download_pinned "$digest" "$package" "$file" "$work/$file" &&
    mkdir "$work/source" &&
    tar -x --strip-components=1 -f "$work/$file" -C "$work/source" &&
    build "$work/source" "$home" --disable-gil --enable-shared LDFLAGS="-Wl,-rpath,$home/lib" &&
    mv -T "$work/root$home" "$directory" &&
    check "$directory"
}

# build compiles and installs sources for a prefix, below $work/root: build SOURCE PREFIX OPTION...
build() {
  local source=$1 prefix=$2 log=$PYTHONS_CACHE/build.log
  shift 2
  # Nobody waits for bytecode of the whole library, for each level of optimisation.
  if ! (cd "$source" && ./configure -q --prefix="$prefix" OPT='-DNDEBUG -fwrapv -O2' "$@" &&
    make -s -j"$JOBS" &&
    make -s altinstall DESTDIR="$work/root" COMPILEALL_OPTS='-q -x .') >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "the build failed, see $log" >&2
    return 1
  fi
}

make_work_directory
missing=()
[[ $# -gt 0 ]] || set -- debian 3.14t
for name; do
  declare -F "get_$name" >/dev/null || die "usage: get_pythons.sh [debian] [3.13t] [3.14t] [3.15t]"
  get "$name" || missing+=("$name")
done
[[ ${#missing[@]} -eq 0 ]] || die "interpreters that could not be got: ${missing[*]}"
