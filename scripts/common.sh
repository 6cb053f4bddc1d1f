# shellcheck shell=bash
# Shared by the scripts: where things are, and how to say what is going on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export ROOT=$PWD
# Where get_pythons.sh puts interpreters and find_pythons.sh looks for them, shared by all checkouts.
export PYTHONS_CACHE=${SIGNEDVFS_PYTHONS:-${XDG_CACHE_HOME:-$HOME/.cache}/signedvfs/pythons}

# The tools that setup.sh installed come first.
export PATH="$ROOT/.venv/bin:$PATH"
JOBS=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$JOBS}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$JOBS}

# Presets, interpreters and other checkouts share compilations: the compiler has one name in all of
# them, and paths count relative to the build directory, so all of these lie at one depth.
export CC=${CC:-cc} CXX=${CXX:-c++} CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$ROOT

say() { printf '== %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
