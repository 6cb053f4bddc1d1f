#!/usr/bin/env bash
# Installs signedvfs into a private environment and runs the demonstration in it. The environment
# has neither Flask nor FastAPI: what the applications need comes out of the signed archives.
# SIGNEDVFS_DEMO_PYTHON names another interpreter than the one that the tools run by.
source "$(dirname "$0")/../scripts/common.sh"
python=${SIGNEDVFS_DEMO_PYTHON:-.venv/bin/python}
directory=build/demo
if [[ -n ${SIGNEDVFS_DEMO_PYTHON:-} ]]; then
  directory+=/$("$python" -c 'import platform; print(platform.python_version())')
fi
environment=$directory/environment

say "Building signedvfs and installing it into $environment (the first time takes a minute or two)"
[[ -x $environment/bin/python ]] || "$python" -m venv "$environment"
"$environment/bin/python" -m pip install -q --disable-pip-version-check .
exec "$environment/bin/python" demo/run_demo.py --directory "$directory" "$@"
