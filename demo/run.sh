#!/usr/bin/env bash
# Installs signedvfs into a private environment and runs the demonstration in it. The environment
# has neither Flask nor FastAPI: what the applications need comes out of the signed archives.
source "$(dirname "$0")/../scripts/common.sh"
environment=build/demo/environment

say "Building signedvfs and installing it into $environment (the first time takes a minute or two)"
[[ -x $environment/bin/python ]] || .venv/bin/python -m venv "$environment"
"$environment/bin/python" -m pip install -q --disable-pip-version-check .
exec "$environment/bin/python" demo/run_demo.py --directory build/demo "$@"
