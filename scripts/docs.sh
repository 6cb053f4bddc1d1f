#!/usr/bin/env bash
# Builds the site into build/docs; what is wrong with a page is an error. The generator lives in an
# environment of its own, build/docs-python, and neither builds nor imports signedvfs.
source "$(dirname "$0")/common.sh"
environment=build/docs-python

# find_python prints the newest interpreter that is here; the generator wants 3.11 or later.
find_python() {
  local interpreter
  for interpreter in python3.{15,14,13,12,11} python3; do
    if "$interpreter" -I -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
      2>/dev/null; then
      command -v "$interpreter"
      return
    fi
  done
  die "the site is built by Python 3.11 or later, with its venv module (Debian: python3-venv)"
}

# prepare makes the environment once for each set of requirements.
prepare() {
  local stamp=$environment/requirements.stamp
  if cmp -s docs/requirements.txt "$stamp"; then return; fi
  rm -rf "$environment"
  "$(find_python)" -m venv "$environment"
  "$environment/bin/python" -m pip install -q --disable-pip-version-check -r docs/requirements.txt
  cp docs/requirements.txt "$stamp"
}

mkdir -p build
prepare
# Everything is read anew: a broken reference to a page that has not changed is an error, too.
"$environment/bin/python" -m sphinx --fail-on-warning --keep-going --fresh-env --quiet \
  --doctree-dir build/docs-doctrees docs build/docs
say "The site: build/docs/index.html"
