#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run the uv of the virtual environment with the settings that pip has here:
# a mirror, a proxy's certificate and the like are told once, to pip.
#
#   tools/uv.sh ARGUMENT...
#
# The environment is .venv in the top directory, or where TROVE_VENV says;
# under tox it is tox's. What UV_... variables say is not changed.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${TOX_ENV_DIR:-${TROVE_VENV:-$top/.venv}}
settings=$("$venv/bin/python" -m pip --disable-pip-version-check config list)

# take NAME VARIABLE: the last one that speaks is the one that pip follows.
take() {
    local value
    value=$(for scope in global install :env:; do
        sed -n "s/^$scope\.$1='\(.*\)'\$/\1/p" <<<"$settings"
    done | tail -n 1)
    [[ -z $value || -n ${!2:-} ]] || export "$2=${value//\\n/ }"
}

take index-url UV_DEFAULT_INDEX
take trusted-host UV_INSECURE_HOST
take cert SSL_CERT_FILE
take no-index UV_NO_INDEX
[[ -z ${UV_NO_INDEX:-} ]] || take find-links UV_FIND_LINKS
export UV_PYTHON_DOWNLOADS=never
exec "$venv/bin/uv" "$@"
