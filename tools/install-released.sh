#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Install released versions of Trove, each in an environment of its own.
#
#   tools/install-released.sh             releases 26 and 12
#   tools/install-released.sh 14 21       these
#   tools/install-released.sh all         all that tools/released has pins of
#   tools/install-released.sh tempest     Tempest and its tests of Trove
#   tools/install-released.sh barbican    Barbican, for them
#   tools/install-released.sh openstack   the services that tools/openstack runs
#   tools/install-released.sh dashboard   Horizon, with trove-dashboard
#   tools/install-released.sh heat        Heat
#
# They are the live peers of the interoperation tests, which run none of
# their code in their own process, and the tests of others. The environments
# are .interop/RELEASE in the top directory, or where TROVE_INTEROP_VENVS says;
# PYTHON names the interpreter to make them with (python3.11: what the pins are
# for). One that is there and unchanged is left alone. All are made at the same
# time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
venvs=${TROVE_INTEROP_VENVS:-$PWD/.interop}
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null ||
    python=${TOX_ENV_DIR:-${TROVE_VENV:-$PWD/.venv}}/bin/python

releases=("$@")
[[ $# -gt 0 ]] || releases=(26 12)
if [[ ${releases[0]} == all ]]; then
    releases=()
    for pins in tools/released/trove-*.txt; do
        pins=${pins##*-}
        releases+=("${pins%.txt}")
    done
fi

pins_of() {
    case $1 in
        barbican | dashboard | heat | openstack | tempest)
            echo "tools/released/$1.txt"
            ;;
        *) echo "tools/released/trove-$1.txt" ;;
    esac
}

install_release() {
    local pins venv=$venvs/$1 stamp
    pins=$(pins_of "$1")
    stamp=$(sha256sum "$pins" | cut -d' ' -f1)
    if [[ -x $venv/bin/python
        && $(cat "$venv/.trove-released" 2>/dev/null) == "$stamp" ]]; then
        return 0
    fi
    "$python" -m venv --clear --without-pip "$venv"
    tools/uv.sh pip install --quiet --python "$venv/bin/python" --no-deps \
        --requirement "$pins"
    echo "$stamp" >"$venv/.trove-released"
    echo "Installed release $1 in $venv"
}

for release in "${releases[@]}"; do
    [[ -e $(pins_of "$release") ]] || {
        echo "install-released.sh: no pins for release $release; there are" \
            tools/released/*.txt >&2
        exit 2
    }
done

mkdir -p "$venvs"
jobs=()
for release in "${releases[@]}"; do
    install_release "$release" &
    jobs+=($!)
done
status=0
for job in "${jobs[@]}"; do
    wait "$job" || status=1
done
if ((status)); then
    echo 'install-released.sh: what is named above cannot be installed.' \
        'Packages come from where pip gets them: pip config list.' >&2
fi
exit "$status"
