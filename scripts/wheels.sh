#!/usr/bin/env bash
# Builds wheels that need nothing of the system but the C library, into dist/wheels, and has the gate judge
# each (docs/wheels.md). PYTHONS and TARGETS, words separated by spaces, choose some: PYTHONS="3.11 3.15t"
# TARGETS=aarch64. By default all interpreters that find_pythons.sh finds, x86_64 and aarch64; x86_64-musl is made where
# it is named. AGAIN=yes builds each twice, the second time from nothing and elsewhere, and wants the same bytes.
# Targets are built beside each other: what one of them does on one processor leaves others to the next.
source "$(dirname "$0")/common.sh"
source scripts/wheels/compiler.sh
source scripts/wheels/launcher.sh
output=dist/wheels

# prepare_environment DIRECTORY INTERPRETER REQUIREMENTS makes an environment of exactly the pinned tools. Of two
# targets that want one the second waits.
prepare_environment() {
  local directory=$1 interpreter=$2 requirements=$3 lock
  mkdir -p "$(dirname "$directory")"
  exec {lock}>"$directory.lock"
  flock "$lock"
  if ! { echo "$interpreter" && cat "$requirements"; } | cmp -s - "$directory/stamp"; then
    rm -rf "$directory"
    "$interpreter" -m venv "$directory"
    "$directory/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
      -r "$requirements"
    { echo "$interpreter" && cat "$requirements"; } >"$directory/stamp"
  fi
  exec {lock}>&-
}

# tools_interpreter prints the newest interpreter that the tools run on.
tools_interpreter() {
  awk '{ split($1, part, "."); if (part[2] !~ /t/ && part[2] >= 11) found = $2 } END { print found }' <<<"$1"
}

# read_interpreter INTERPRETER sets what the rest asks of it: its $tag, its modules' $suffix, where its headers are
# ($include), and its pyconfig.h ($configuration).
read_interpreter() {
  IFS=' ' read -r tag suffix include configuration < <("$1" -I -c '
import pathlib, sys, sysconfig
tag = "cp%d%d" % sys.version_info[:2]
abi = tag + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "")
suffix = ".cpython-" + abi[2:]
include = pathlib.Path(sysconfig.get_path("include"))
configuration = pathlib.Path(sysconfig.get_config_h_filename())
# Debian keeps it by architecture, and has a file that chooses in its place.
of_here = include.parent / (sysconfig.get_config_var("MULTIARCH") or "-") / include.name / "pyconfig.h"
print(tag + "-" + abi, suffix, include, of_here if of_here.exists() else configuration)')
}

# use_headers sets $headers: for another target the interpreter's own, after a compiler has agreed to every size in
# them. Between x86-64 and aarch64, glibc and musl nothing else in CPython's configuration shows in its headers.
use_headers() {
  headers=$cache/headers/$target-$tag
  rm -rf "$headers"
  mkdir -p "$headers"
  cp -rL "$include"/. "$headers"
  cp "$configuration" "$headers/pyconfig.h"
  "$tools/bin/python" scripts/wheels/check_sizes.py "$headers/pyconfig.h" "$compilers/clang"
}

# build_wheel INTERPRETER DIRECTORY OUTPUT builds one wheel. All interpreters of a target share a build directory:
# what does not include Python's headers, archive/ and vfs/, is compiled once.
build_wheel() {
  local builder=$1 directory=$2 out=$3
  local -a settings=() link=(-s "-Wl,--gc-sections")
  if [[ $c_library == glibc ]]; then
    link+=("$prefix/lib/libgcc_s.so.1")
    settings+=(
      PYTHON_MODULE_EXTENSION="$suffix-$machine-linux-gnu.so" CMAKE_LINKER="$launcher_linker"
      CMAKE_OBJCOPY="$launcher_objcopy" SIGNEDVFS_LAUNCHER_DRIVER="$launcher_driver"
      SIGNEDVFS_LAUNCHER_STANDARD_LIBRARY="$launcher_libraries"
    )
  else
    # Of interpreters with musl some say "linux-musl" in their modules' names, and some "linux-gnu". musl ends
    # threads without unwinding them: an unwinder of our own is in nobody's way.
    settings+=(PYTHON_MODULE_EXTENSION=.so SIGNEDVFS_LAUNCHER=OFF)
  fi
  if [[ $target == aarch64 ]]; then link+=("$prefix/lib/libgcc.a"); fi
  if [[ $target != x86_64 ]]; then settings+=(CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR="$machine"); fi
  settings+=(
    CMAKE_AR="$compilers/ar" CMAKE_RANLIB="$compilers/ranlib" CMAKE_PREFIX_PATH="$prefix"
    OPENSSL_ROOT_DIR="$prefix" OPENSSL_USE_STATIC_LIBS=ON Python_INCLUDE_DIR="$headers"
    SIGNEDVFS_LICENCES="$prefix/licences" CMAKE_CXX_FLAGS="-g0 -ffunction-sections -fdata-sections"
    CMAKE_MODULE_LINKER_FLAGS="${link[*]}"
  )
  # What an interpreter has left in the cache would count for the next one.
  rm -f "$directory/CMakeCache.txt"
  # scikit-build-core gives CMake 5 s to say its version, and four times that in CI: a busy machine needs them.
  CC=$compilers/clang CXX=$compilers/clang++ PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig CCACHE_DISABLE=yes \
    CI=${CI:-yes} PATH="$tools/bin:$PATH" "$builder/bin/python" -m pip wheel -q . --no-deps --no-build-isolation \
    --disable-pip-version-check -w "$out" -C build-dir="$directory" -C wheel.tags="$tag-$platform" \
    -C install.strip=false "${settings[@]/#/-Ccmake.define.}"
}

# prepare_builders makes the interpreters' environments. Targets would wait for each of them together.
prepare_builders() {
  local version interpreter
  while read -r version interpreter; do
    prepare_environment "$cache/builders/$version" "$interpreter" scripts/wheels/requirements-build.txt
  done <<<"$chosen"
}

# build_again BUILDER WHEEL builds the wheel a second time, in another directory, and wants the same bytes.
build_again() {
  local builder=$1 wheel=$2 out=$output/again/$target
  say "$(basename "$wheel"): again"
  rm -rf "$out"
  SIGNEDVFS_ZIG_CACHE=$ROOT/build/wheels/again/$target/zig build_wheel "$builder" \
    "build/wheels/again/$target" "$out"
  cmp "$wheel" "$out/$(basename "$wheel")" || die "two builds differ: $wheel"
  rm -r "$out"
}

# build_target builds the wheels of one target, and has the gate judge them.
build_target() {
  local version interpreter builder
  local -a made=()
  use_target "$1"
  rm -rf "build/wheels/again/$target"
  scripts/wheels/libraries.sh "$target" >/dev/null
  if [[ $c_library == glibc ]]; then make_launcher_driver; fi
  while read -r version interpreter; do
    say "$target, $version"
    builder=$cache/builders/$version
    prepare_environment "$builder" "$interpreter" scripts/wheels/requirements-build.txt
    read_interpreter "$builder/bin/python"
    use_headers
    rm -f "$output"/signedvfs-*-"$tag-$platform.whl"
    build_wheel "$builder" "build/wheels/$target" "$output"
    made+=("$(echo "$output"/signedvfs-*-"$tag-$platform.whl")")
    if [[ ${AGAIN:-} ]]; then build_again "$builder" "${made[-1]}"; fi
  done <<<"$chosen"
  "$tools/bin/python" -m scripts.wheels.gate --forbid "$ROOT" --forbid "$cache" --forbid "$HOME" "${made[@]}"
}

# build_targets builds all, beside each other. Where one fails the others go on: their wheels count.
build_targets() {
  local process failed=0
  local -a processes=()
  # They share the processors: one compiler for each of these has no other to wait for at the end.
  export CMAKE_BUILD_PARALLEL_LEVEL=$(((JOBS + $# - 1) / $#))
  # Bash has what runs in the background ignore Ctrl-C.
  trap 'trap - INT TERM && kill 0' INT TERM
  prepare_builders &
  processes+=($!)
  for target; do
    { build_target "$target" 2>&1 | sed -u "s/^/[$target] /"; } &
    processes+=($!)
  done
  for process in "${processes[@]}"; do wait "$process" || failed=1; done
  rm -rf "$output/again"
  return "$failed"
}

# choose_pythons sets $chosen: lines of a version and an interpreter.
choose_pythons() {
  local known version
  known=$(scripts/find_pythons.sh 2>/dev/null)
  chosen=$known
  if [[ ${PYTHONS:-} ]]; then
    chosen=$(for version in $PYTHONS; do
      awk -v version="$version" '$1 == version { print; found = 1 } END { exit !found }' <<<"$known" ||
        die "no CPython $version is here: scripts/get_pythons.sh gets some, scripts/find_pythons.sh says where it looks"
    done) || exit
  fi
  prepare_environment "$tools" "$(tools_interpreter "$known")" scripts/wheels/requirements.txt
}

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CMakeLists.txt)}
export SOURCE_DATE_EPOCH
mkdir -p "$output" "$cache"
choose_pythons
IFS=' ' read -ra targets <<<"${TARGETS:-x86_64 aarch64}"
build_targets "${targets[@]}"
