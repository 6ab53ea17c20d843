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
        requirements+=(-r test-requirements.txt -r doc/requirements.txt)
        ;;
    *) die "unknown argument $1; it takes none, or --tests" ;;
esac

digest() {
    cat constraints.txt ./*requirements.txt doc/requirements.txt setup.cfg \
        setup.py pyproject.toml tools/install.sh | sha256sum | cut -d' ' -f1
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

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Say how far pip is.
progress() {
    awk '
        /^Collecting/ && ++n % 20 == 0 {
            printf "  %d packages fetched\n", n
            fflush()
        }
        /^Installing collected/ {
            printf "  installing %d\n", gsub(/,/, "") + 1
            fflush()
        }
    '
}

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check install \
        --progress-bar off --constraint constraints.txt "$@" 2>&1 |
        tee -a "$log" | progress || {
        tail -n 30 "$log" >&2
        die 'pip failed; what it said is above.'
    }
}

count=$(grep -c '==' constraints.txt)
echo "Installing the $profile set into $venv (up to $count packages)"
pip setuptools wheel pbr
pip "${requirements[@]}"
# Built with the setuptools and pbr from above, so nothing else is fetched.
pip --no-build-isolation --editable ".[$extras]"
echo "$stamp" >"$venv/.trove-$profile"
