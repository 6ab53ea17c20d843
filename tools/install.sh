#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Install Trove and what it needs into a virtual environment.
#
#   tools/install.sh           what trove-standalone and the services need
#   tools/install.sh --tests   that, and all that tools/run-tests.sh needs
#
# The versions are those of constraints.txt. The environment is .venv in the
# top directory, or where TROVE_VENV says; PYTHON names the interpreter to
# make it with (python3). Installed once and unchanged since, it returns at
# once.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${TROVE_VENV:-$PWD/.venv}
python=${PYTHON:-python3}
extras='mysql,postgresql,guestagent,standalone'

die() {
    printf 'install.sh: %s\n' "$@" >&2
    exit 1
}

profile=standalone
requirements=(-r requirements.txt)
case "${1:-}" in
    '') ;;
    --tests)
        profile=tests
        extras+=',s3'
        requirements+=(-r test-requirements.txt -r doc/requirements.txt
            --no-build-isolation-package rpc-contract --editable rpc-contract)
        ;;
    *) die "unknown argument $1; it takes none, or --tests" ;;
esac

digest() {
    cat constraints.txt ./*requirements.txt doc/requirements.txt setup.cfg \
        setup.py pyproject.toml rpc-contract/pyproject.toml \
        tools/install.sh tools/uv.sh | sha256sum | cut -d' ' -f1
}

stamp=$(digest)
for installed in "$profile" tests; do
    if [[ -x $venv/bin/python
        && $(cat "$venv/.trove-$installed" 2>/dev/null) == "$stamp" ]]; then
        exit 0
    fi
done

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$python is missing or older than Python 3.11." \
        'Install Python 3.11 or later, or name it: PYTHON=python3.12'
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "Making the virtual environment $venv"
    "$python" -m venv --clear "$venv" ||
        die 'cannot make a virtual environment. On Debian and Ubuntu:' \
            '  apt-get install python3-venv'
fi

uv() {
    TROVE_VENV=$venv tools/uv.sh pip install --quiet \
        --python "$venv/bin/python" --constraint constraints.txt "$@" ||
        die "$("$venv/bin/python" --version) cannot have what is named above." \
            'constraints.txt is for Python 3.11.2 to 3.13: name such a one,' \
            'as in PYTHON=python3.12. If a download failed: packages come' \
            "from where pip gets them, $venv/bin/python -m pip config list"
}

count=$(grep -c '==' constraints.txt)
echo "Installing the $profile set into $venv (up to $count packages)"
# pip gets only what installs the rest. It is slow, and where something cannot
# be installed it may search for minutes before it says so.
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet \
    --progress-bar off --constraint constraints.txt uv ||
    die 'pip failed; what it said is above. Its settings:' \
        "$venv/bin/python -m pip config list"
uv setuptools pbr
# Built with the setuptools and pbr from above, so nothing else is fetched.
uv "${requirements[@]}" --no-build-isolation-package trove \
    --editable ".[$extras]"
# As pip does, uv does not. Whoever runs it may not write here, or has
# PYTHONDONTWRITEBYTECODE: each process would compile all that it imports.
# Some packages have files that only another version of Python can read.
"$venv/bin/python" -m compileall -qq -j 0 -x '/site-packages/.*/tests/' \
    trove "$venv/lib" || true
echo "$stamp" >"$venv/.trove-$profile"
