#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Write constraints.txt: the newest versions that the requirements allow, all
# that they need in turn, and nothing else.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
pip() {
    "$scratch/venv/bin/python" -m pip --disable-pip-version-check "$@"
}

pip install --quiet --upgrade setuptools wheel pbr
pip install --quiet -r requirements.txt -r test-requirements.txt \
    -r doc/requirements.txt
pip install --quiet --no-build-isolation --upgrade-strategy only-if-needed \
    '.[mysql,postgresql,guestagent,standalone]'
rm -rf build
{
    echo '# The versions that are known to work together, for Python 3.11: all'
    echo '# that requirements.txt, test-requirements.txt, doc/requirements.txt'
    echo '# and the extras of setup.cfg need. Written by'
    echo '#     tools/generate-constraints.sh'
    pip freeze --all --exclude trove --exclude pip | LC_ALL=C sort --ignore-case
} >"$scratch/constraints.txt"
"$scratch/venv/bin/python" -m pip check
cp "$scratch/constraints.txt" constraints.txt
