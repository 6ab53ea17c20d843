#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh clone to a running Trove: installs it into .venv, then runs the
# demonstration, which verifies each of its steps and leaves nothing running.
# Can be run from anywhere and as often as you like.
#
# TROVE_VENV names another virtual environment, PYTHON another interpreter.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${TROVE_VENV:-$top/.venv}
python=${PYTHON:-python3}
began=$SECONDS
missing=0

# Print what is missing and the remedy; all of it before we give up.
lack() {
    missing=1
    printf 'quickstart.sh: %s\n' "$1" >&2
    shift
    printf '    %s\n' "$@" >&2
}

as_root=sudo
[[ $(id -u) != 0 ]] || as_root=
apt="${as_root:+$as_root }apt-get install --yes"

check_system() {
    [[ $(uname -s) == Linux ]] ||
        lack "this is $(uname -s), and the demonstration needs Linux:" \
            'each database instance gets its own address 127.x.y.z.' \
            'Run it in a Linux virtual machine or container.'
    id -un >/dev/null 2>&1 ||
        lack "the user id $(id -u) has no name, which PostgreSQL needs." \
            'Run this as a user that /etc/passwd knows.'
    if ! command -v git >/dev/null; then
        lack 'git is missing; the version of Trove is read with it.' \
            "Debian and Ubuntu: $apt git"
    fi
}

check_python() {
    if ! command -v "$python" >/dev/null; then
        lack "$python is missing." \
            "Debian and Ubuntu: $apt python3 python3-venv" \
            'If it has another name: PYTHON=python3.12 tools/quickstart.sh'
        return
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        lack "$("$python" --version) is too old, 3.11 is needed." \
            'Debian 12, Ubuntu 24.04 and later have it; else name one:' \
            'PYTHON=/path/to/python3.11 tools/quickstart.sh'
        return
    fi
    # Debian ships the module venv, but not what it installs pip with.
    if [[ -x $venv/bin/python ]]; then
        return
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        lack "$python cannot make virtual environments." \
            "Debian and Ubuntu: $apt python3-venv"
    fi
}

check_system
check_python
[[ $missing == 0 ]] || exit 1

echo "==> Installing Trove into $venv (a few minutes the first time)"
if ! TROVE_VENV=$venv PYTHON=$python "$top/tools/install.sh"; then
    printf 'quickstart.sh: %s\n' \
        'the installation did not succeed; the reason is above.' \
        'If packages could not be downloaded, check the network (or set' \
        'PIP_INDEX_URL, HTTPS_PROXY), then run this again: it goes on' \
        'where it stopped.' >&2
    exit 1
fi
echo "==> Installed after $((SECONDS - began)) s; now the demonstration"
began=$SECONDS
"$venv/bin/trove-standalone" demo
cat <<END
==> Done in $((SECONDS - began)) s. To play with it yourself:

    $venv/bin/trove-standalone serve
END
