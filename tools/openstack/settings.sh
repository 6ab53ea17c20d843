#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What up.sh, down.sh and their users have in common; to be sourced.
#
#   OSRIG            directory of its state (/tmp/osrig)
#   OSRIG_VENV       its virtual environment (.interop/openstack in the tree)
#   OSRIG_PREFIX     first digit of its ports (2: Keystone is on 25000), at most
#                    5; 1 or 2: Linux gives others to clients, as source ports
#   OSRIG_COMPUTES   number of nova-compute services (1)
#   OSRIG_RELAY      "PORT=HOST:PORT ...": what servers reach besides the
#                    services of the rig, on the address of their gateway
#
# Two rigs on one machine need another directory and prefix each.
#
# shellcheck disable=SC2034  # used where it is sourced
rig_tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rig_top=$(cd "$rig_tools/../.." && pwd)
export OSRIG=${OSRIG:-/tmp/osrig}
export OSRIG_PREFIX=${OSRIG_PREFIX:-2}
export OSRIG_VENV=${OSRIG_VENV:-${TROVE_INTEROP_VENVS:-$rig_top/.interop}/openstack}
# The namespace with the bridges of all networks, and that of their clients.
export OSRIG_NS=osrig$OSRIG_PREFIX-net
export OSRIG_CLIENT_NS=osrig$OSRIG_PREFIX-client
# Debian has daemons and tools of administrators there.
export PATH=$PATH:/usr/sbin:/sbin

port() {
    echo "$OSRIG_PREFIX$1"
}

keystone_url=http://127.0.0.1:$(port 5000)/v3
rabbit_url=rabbit://osrig:osrig@127.0.0.1:$(port 5673)/
sql_url=mysql+pymysql://root@127.0.0.1:$(port 3306)

say() {
    echo "$(date +%T) $*" >&2
}

die() {
    printf '%s: %s\n' "${0##*/}" "$@" >&2
    exit 1
}

# alive NAME: does the service run?
alive() {
    local pid
    pid=$(cat "$OSRIG/run/$1.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null
}

# Ports end at 65535.
[[ $OSRIG_PREFIX == [1-5] ]] ||
    die "OSRIG_PREFIX is $OSRIG_PREFIX; it has to be a digit from 1 to 5."
