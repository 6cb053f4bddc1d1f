#!/usr/bin/env bash
# Installs signedvfs into a private environment and runs the demonstration in it. The environment
# has no Flask: the application's dependencies come out of the signed archive.
source "$(dirname "$0")/../scripts/common.sh"
environment=build/demo/environment

say "Building signedvfs and installing it into $environment (the first time takes a minute or two)"
[[ -x $environment/bin/python ]] || .venv/bin/python -m venv "$environment"
"$environment/bin/python" -m pip install -q --disable-pip-version-check .
exec "$environment/bin/python" demo/run_demo.py --directory build/demo "$@"
