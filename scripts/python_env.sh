#!/usr/bin/env bash
# Builds the package and installs it into build/python/NAME, a private environment of one
# interpreter: python_env.sh NAME INTERPRETER [SANITIZERS]. With WHEEL, the path of one, that is installed instead.
source "$(dirname "$0")/common.sh"
name=$1 interpreter=$2 sanitizers=${3:-}
environment=build/python/$name

# prepare makes the environment once for each interpreter and set of requirements.
prepare() {
  local stamp=$environment/requirements.stamp
  local -a lists=(scripts/requirements-test.txt scripts/requirements-apart.txt)
  if ! { echo "$interpreter" && cat "${lists[@]}"; } | cmp -s - "$stamp"; then
    rm -rf "$environment"
    "$interpreter" -m venv "$environment"
    "$environment/bin/python" -m pip install -q --disable-pip-version-check \
      -r "${lists[0]}"
    "$environment/bin/python" -m pip install -q --disable-pip-version-check \
      --target "$environment/apart" -r "${lists[1]}"
    { echo "$interpreter" && cat "${lists[@]}"; } >"$stamp"
  fi
}

# install builds the package with the tools that are here already; ccache makes the core cheap.
# With sanitizers it is compiled as the preset `asan` compiles it.
install() {
  if [[ ${WHEEL:-} ]]; then
    "$environment/bin/python" -m pip install -q --disable-pip-version-check --no-index --no-deps \
      --force-reinstall "$WHEEL"
    return
  fi
  local -a settings=(build-dir="build/$name-python" cmake.define.SIGNEDVFS_WERROR=ON)
  if [[ -n $sanitizers ]]; then
    settings+=(cmake.define.SIGNEDVFS_SANITIZE="$sanitizers" cmake.build-type=RelWithDebInfo
      cmake.define.CMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" install.strip=false)
  fi
  "$environment/bin/python" -m pip install -q --disable-pip-version-check --no-build-isolation \
    --no-deps --force-reinstall "${settings[@]/#/--config-settings=}" .
}

mkdir -p build/python
prepare
install
