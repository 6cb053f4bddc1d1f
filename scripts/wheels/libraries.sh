#!/usr/bin/env bash
# Builds what the wheels of one target link, static, into a prefix: libraries.sh TARGET. Prints where it is.
#
# Nothing is in it that signedvfs does not use: of OpenSSL what keys, signatures and encrypted key files need,
# of libarchive no program, and no library beside the codecs.
source "$(dirname "$0")/../common.sh"
source scripts/private_apt.sh
source scripts/wheels/compiler.sh
source scripts/wheels/sources.sh

# OpenSSL keeps the date on which it was built. These belong to what sources.txt pins, and not to the commit that
# happens to need them first: they are kept for the next ones.
export SOURCE_DATE_EPOCH=0
flags=(-O2 -g0 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -fstack-protector-strong
  -D_FORTIFY_SOURCE=2 -Wno-date-time)

# OpenSSL without these. scrypt, DES and AES stay: encrypted keys are PBES2. SipHash is of the name index.
openssl_without=(shared module dso engine static-engine legacy tls dtls ssl quic tests apps docs comp cmp cms ct
  ocsp ts srp psk gost dh dsa ec2m idea md4 mdc2 rc2 rc4 bf camellia cast seed aria sm2 sm3 sm4 whirlpool
  rmd160 blake2 chacha poly1305 ocb siv http ui-console async autoload-config rfc3779 nextprotoneg
  sock deprecated thread-pool default-thread-pool ml-kem ml-dsa slh-dsa)

build_openssl() {
  # A path that exists nowhere: nothing is ever read from there, and it is all that the library says of it.
  ./Configure "linux-$machine" --prefix=/nonexistent --libdir=lib --openssldir=/nonexistent \
    "${openssl_without[@]/#/no-}" "${flags[@]}"
  make build_generated
  make -j"$JOBS" libcrypto.a
  cp libcrypto.a "$made/lib"
  cp -r include/openssl "$made/include"
}

# archive_of NAME SOURCE... compiles sources into lib/libNAME.a; flags are in $extra.
archive_of() {
  local name=$1 source
  local -a objects=()
  shift
  for source; do
    objects+=("${source//\//_}.o")
    "$CC" "${flags[@]}" "${extra[@]}" -c "$source" -o "${source//\//_}.o"
  done
  "$AR" rcs "$made/lib/lib$name.a" "${objects[@]}"
}

# describe NAME PACKAGE LIBRARY [FLAG...] writes what pkg-config says of a library.
describe() {
  printf '%s\n' "Name: $1" "Description: $1" "Version: $(upstream_version "$2")" "Libs: -L$prefix/lib -l$3" \
    "Cflags: -I$prefix/include ${*:4}" >"$made/lib/pkgconfig/$1.pc"
}

build_libdeflate() {
  # It asks compilers for a feature that clang 22 knows no more, unless it takes it for given.
  local -a extra=(-I. -D__EVEX512__=1)
  archive_of deflate lib/{utils,deflate_decompress,deflate_compress,adler32,crc32,zlib_decompress,zlib_compress}.c \
    lib/{gzip_decompress,gzip_compress}.c "lib/$cpu_features"
  cp libdeflate.h "$made/include"
  describe libdeflate libdeflate deflate
}

build_libzstd() {
  make -C lib -j"$JOBS" libzstd.a ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DEPRECATED=0 ZSTD_LIB_DICTBUILDER=0 \
    CFLAGS="${flags[*]}" AR="$AR"
  cp lib/libzstd.a "$made/lib"
  cp lib/zstd.h lib/zstd_errors.h "$made/include"
  describe libzstd libzstd zstd
}

build_utf8proc() {
  local -a extra=(-DUTF8PROC_STATIC)
  archive_of utf8proc utf8proc.c
  cp utf8proc.h "$made/include"
  describe libutf8proc utf8proc utf8proc -DUTF8PROC_STATIC
}

build_xxhash() {
  local -a extra=()
  archive_of xxhash xxhash.c
  cp xxhash.h "$made/include"
  describe libxxhash xxhash xxhash
}

build_zlib() {
  local -a extra=(-D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -DHAVE_UNISTD_H=1 -DHAVE_STDARG_H=1)
  archive_of z {adler32,compress,crc32,deflate,gzclose,gzlib,gzread,gzwrite,infback,inffast,inflate,inftrees,trees}.c \
    {uncompr,zutil}.c
  cp zlib.h zconf.h "$made/include"
}

build_bzip2() {
  local -a extra=(-D_FILE_OFFSET_BITS=64)
  archive_of bz2 {blocksort,huffman,crctable,randtable,compress,decompress,bzlib}.c
  cp bzlib.h "$made/include"
}

build_lz4() {
  local -a extra=(-Ilib)
  archive_of lz4 lib/{lz4,lz4hc,lz4frame,xxhash}.c
  cp lib/lz4.h lib/lz4hc.h lib/lz4frame.h "$made/include"
}

# with_cmake OPTION... builds and installs what the current directory holds.
with_cmake() {
  cmake -S . -B made -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX="$made" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_C_FLAGS="${flags[*]}" -DCMAKE_AR="$compilers/ar" -DCMAKE_RANLIB="$compilers/ranlib" -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$machine" -DCMAKE_FIND_ROOT_PATH="$made" \
    -DCMAKE_FIND_ROOT_PATH_MODE_{LIBRARY,INCLUDE,PACKAGE}=ONLY -DCMAKE_POLICY_VERSION_MINIMUM=3.5 "$@"
}

build_xz-utils() {
  with_cmake -DXZ_ENCODERS= -DXZ_THREADS=no -DXZ_MICROLZMA_{EN,DE}CODER=OFF -DXZ_LZIP_DECODER=OFF -DXZ_NLS=OFF \
    -DXZ_DOC=OFF -DXZ_TOOL_{XZ,XZDEC,LZMADEC,LZMAINFO,SCRIPTS}=OFF
  cmake --build made --target liblzma
  cp made/liblzma.a "$made/lib"
  cp -r src/liblzma/api/lzma src/liblzma/api/lzma.h "$made/include"
}

build_libarchive() {
  local codec
  # LIBLZMA_HAS_EASY_ENCODER: liblzma is built without encoders, and libarchive would do without all of it.
  with_cmake -DENABLE_{TEST,TAR,CPIO,CAT,UNZIP,OPENSSL,NETTLE,MBEDTLS,LIBB2,LIBXML2,EXPAT,ACL,XATTR,ICONV,CNG}=OFF \
    -DENABLE_{PCREPOSIX,PCRE2POSIX,LIBGCC,WERROR,INSTALL}=OFF -DPOSIX_REGEX_LIB=NONE -DLIBLZMA_HAS_EASY_ENCODER=ON
  for codec in Z BZ2 LZMA ZSTD LZ4; do
    grep -q "^#define HAVE_LIB$codec 1" made/config.h || { echo "libarchive does without $codec" && return 1; }
  done
  cmake --build made --target archive_static
  cp libarchive/archive.h libarchive/archive_entry.h "$made/include"
  # CMake knows nothing of what a static libarchive needs in turn: one archive has all of it.
  (cd "$made/lib" && cp "$OLDPWD/made/libarchive/libarchive.a" alone.a &&
    printf '%s\n' 'CREATE libarchive.a' 'ADDLIB alone.a' ADDLIB\ lib{z,bz2,lzma,zstd,lz4}.a SAVE END | "$AR" -M &&
    rm alone.a)
}

# copy_licences keeps what each licence wants to be given along; of two to choose from, the permissive one.
copy_licences() {
  local package file
  while read -r package file; do
    mkdir -p "$made/licences/$package"
    cp "$work/sources/$package/$file" "$made/licences/$package"
  done <<'LIST'
openssl LICENSE.txt
libdeflate COPYING
libzstd LICENSE
utf8proc LICENSE.md
xxhash LICENSE
zlib LICENSE
bzip2 LICENSE
lz4 lib/LICENSE
xz-utils COPYING
xz-utils COPYING.0BSD
libarchive COPYING
LIST
  mkdir -p "$made/licences/libcxx"
  cp "$("$tools/bin/python" -c 'import ziglang; print(*ziglang.__path__)')/lib/libcxx/LICENSE.TXT" \
    "$made/licences/libcxx"
}

build_all() {
  local library
  mkdir -p "$made"/{lib/pkgconfig,include,licences}
  if [[ $c_library == glibc ]]; then make_unwinder "$made/lib"; fi
  for library in openssl libdeflate libzstd utf8proc xxhash zlib bzip2 lz4 xz-utils libarchive; do
    echo "== $library"
    unpack_source "$library" "$work/sources/$library"
    cd "$work/sources/$library"
    "build_$library"
    cd "$ROOT"
  done
  if [[ $machine == aarch64 ]]; then get_libgcc; fi
  copy_licences
}

# get_libgcc takes GCC's helpers for arithmetic. zig's come with a stack canary of a fixed value, in the place
# of the dynamic linker's random one.
get_libgcc() {
  local package
  package=$(pins | awk '/_arm64\.deb$/ { print $4 }')
  dpkg -x "$cache/sources/$package" "$work/sources/libgcc"
  cp "$work"/sources/libgcc/usr/lib/gcc*/aarch64-linux-gnu/*/libgcc.a "$made/lib"
}

use_target "${1:-}"
if [[ ! -d $prefix ]]; then
  say "$target: libraries, some minutes" >&2
  get_sources >&2
  work=$cache/unfinished/$target made=$cache/unfinished/$target/made
  rm -rf "$work"
  mkdir -p "$work/sources"
  case $machine in
    x86_64) cpu_features=x86/cpu_features.c ;;
    aarch64) cpu_features=arm/cpu_features.c ;;
  esac
  # By names without a directory: OpenSSL keeps the command that it was compiled with.
  export PATH=$compilers:$PATH CC=clang CXX=clang++ AR=ar RANLIB=ranlib
  trap '[[ $? -eq 0 ]] || { tail -n 30 "$work/log" && echo "error: see $work/log"; } >&2' EXIT
  build_all >"$work/log" 2>&1
  mkdir -p "$cache/prefixes"
  mv -T "$made" "$prefix"
  rm -rf "$work/sources"
fi
echo "$prefix"
