#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks: packages of Debian or Ubuntu, and
# CMake into .venv where the system's is too old. With --tools: formatters, linters and what else
# requirements.txt lists, into .venv; with --fuzz: clang as well; with --wheels: what `make wheels` takes, which
# brings its own compiler, and systems to try them in. Changes nothing where everything is there.
source "$(dirname "$0")/common.sh"

# apt_packages lists, line by line, a package and what it is for.
apt_packages() {
  cat <<'LIST'
g++ C++20 compiler
make runs this project's targets
cmake configures the build (3.25 or later)
ninja-build builds
ccache makes the same compilation free the second time
pkg-config finds the libraries below
git fetches and versions sources
python3 interpreter
python3-venv private Python environments
python3-dev headers for the native module
binutils nm and readelf for the symbol tests
libssl-dev signatures and digests (OpenSSL 3)
libarchive-dev archives other than zip
libarchive-tools bsdtar, which makes archives other than zip for the tests
unzip unpacks what the tests sign again
strace the trace of what programs open, for the tests
openssl keys and signatures made by another program, for the tests
openssh-client keys in an ssh-agent, for the tests
softhsm2 keys in a token made of software, for the tests
opensc signatures by that token (PKCS#11), for the tests
signify-openbsd signatures by another tool, for the tests
minisign the same by a second one
libdeflate-dev deflate
libzstd-dev zstd
libxxhash-dev hash of the name index
libutf8proc-dev Unicode normalisation of member names
libgtest-dev C++ tests
libgmock-dev C++ tests
libbenchmark-dev C++ benchmarks
LIST
  if [[ $fuzz ]]; then
    printf '%s\n' 'clang compiler with libFuzzer'
    # Debian 12 has the run-time libraries in a package of their own; elsewhere clang brings them.
    if ! clang_has_fuzzer && apt-cache show libclang-rt-dev >/dev/null 2>&1; then
      printf '%s\n' 'libclang-rt-dev sanitizers and libFuzzer'
    fi
  fi
}

# apt_wheels lists what building and trying wheels takes.
apt_wheels() {
  cat <<'LIST'
dpkg-dev unpacks the sources of what wheels link
patch applies Debian's patches to them
perl configures OpenSSL
binutils-x86-64-linux-gnu makes symbols weak, for the launcher
binutils-aarch64-linux-gnu the same for aarch64
make builds it
debian-archive-keyring tells that lists of packages are Debian's
debootstrap makes systems without a compiler, to install wheels in
qemu-user-static runs programs for aarch64
LIST
}

# apt_testsuites lists CPython's own tests for those of the system's interpreters that are tested.
apt_testsuites() {
  local version interpreter
  while read -r version interpreter; do
    if [[ $interpreter == /usr/bin/* ]] && ! has_own_tests "$interpreter"; then
      printf '%s\n' "libpython$version-testsuite CPython's own tests, for the conformance runs"
    fi
  done < <(scripts/find_pythons.sh 2>/dev/null)
}

has_own_tests() {
  "$1" -I -c 'import importlib.util as util; assert util.find_spec("test.test_zipimport")' \
    2>/dev/null
}

clang_has_fuzzer() {
  command -v clang++ >/dev/null &&
    echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "packages are missing, and there is neither root nor sudo; run as root: $*"
  fi
}

# install_apt_packages installs what is missing of the packages that the function "$1" lists.
install_apt_packages() {
  local packages package reason
  local -a missing=()
  packages=$("$@")
  [[ -n $packages ]] || return 0
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is no Debian or Ubuntu. Nothing is installed; these are needed by other names:"
    echo "$packages"
    return
  fi
  while read -r package reason; do
    if ! is_installed "$package"; then
      [[ ${#missing[@]} -gt 0 ]] || say "Packages to install with apt-get:"
      printf '   %-18s %s\n' "$package" "$reason"
      missing+=("$package")
    fi
  done <<<"$packages"
  [[ ${#missing[@]} -gt 0 ]] || return 0
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}"
}

make_venv() { [[ -x .venv/bin/python ]] || python3 -m venv .venv; }

# install_python_tools makes .venv agree with requirements.txt; a stamp makes agreement cheap to see.
install_python_tools() {
  local stamp=.venv/requirements.stamp
  if [[ -x .venv/bin/python ]] && cat scripts/requirements*.txt | cmp -s - "$stamp"; then
    return
  fi
  say "Python tools into .venv (build, test, lint; see scripts/requirements.txt)"
  make_venv
  .venv/bin/python -m pip install -q --disable-pip-version-check -r scripts/requirements.txt
  cat scripts/requirements*.txt >"$stamp"
}

# install_cmake adds CMake to .venv where the system's is older than the project asks for.
install_cmake() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')
  if [[ $(printf '%s\n' 3.25 "${version:-0}" | sort -V | head -n1) != 3.25 ]]; then
    say "CMake ${version:-(none)} is older than 3.25: a newer one into .venv"
    make_venv
    .venv/bin/python -m pip install -q --disable-pip-version-check 'cmake>=3.25,<5'
  fi
}

tools='' fuzz='' wheels=''
for option; do
  case $option in
    --tools) tools=yes ;;
    --fuzz) fuzz=yes ;;
    --wheels) wheels=yes ;;
    *) die "usage: setup.sh [--tools] [--fuzz] [--wheels]" ;;
  esac
done
install_apt_packages apt_packages
install_apt_packages apt_testsuites
[[ -z $wheels ]] || install_apt_packages apt_wheels
[[ -z $tools ]] || install_python_tools
install_cmake
if [[ $fuzz ]]; then
  clang_has_fuzzer || die "clang++ cannot link -fsanitize=fuzzer; install its compiler-rt package"
fi
