#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Deploy Trove on the OpenStack of up.sh, by the commands of the install guide.
#
#   tools/openstack/deploy.sh             with its page "Verify", which needs
#                                         an image of tools/image/rig.sh with
#                                         PostgreSQL
#   tools/openstack/deploy.sh --quick     without it
#
# within.sh says where the commands run. What git has committed is installed;
# TROVE_UV names a uv, to install faster than with pip.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/settings.sh"
# shellcheck source=tools/openstack/within.sh
. "$here/within.sh"
[[ -f $OSRIG/admin.env ]] || die 'there is no cloud: run up.sh first.'
host=$OSRIG/servers/images/.controller
script=$OSRIG/etc/deploy.sh
guide=$rig_top/doc/source/install

# The rig has a user and a database for tests; the guide makes its own.
forget_trove() {
    mariadb --no-defaults --user=root --socket="$OSRIG/run/mysql.sock" \
        --execute='DROP DATABASE trove'
    "$here/commands/openstack" user delete trove
    "$here/commands/openstack" service delete trove
}

# What the words of the guide mean here.
words() {
    cat <<X
@controller:5672 @127.0.0.1:$(port 5673)
@MGMT_ADDRESS:5672 @198.51.100.1:$(port 5673)
MGMT_ADDRESS/32 198.51.100.1/32
EXTERNAL_NETWORK public
FLAVOR 1
controller:15672 127.0.0.1:$(port 5672)
controller:5000 127.0.0.1:$(port 5000)
controller:8779 127.0.0.1:$(port 8779)
@controller/ @127.0.0.1:$(port 3306)/
RABBIT_PASS osrig
GUEST_PASS osrig
DB_PASS osrig
TROVE_PASS osrig
SECRET osrig-secret
ADDRESS \$ADDRESS
net-id=NETWORK_ID net-id=$("$here/commands/openstack" network show --format value --column id user)
X
}

once() {
    local done=$OSRIG/etc/$1.synced
    [[ ! -f $done ]] || return 0
    "$@"
    touch "$done"
}

# The commands of OpenStack's client are copies of one process.
export OSRIG_CLIENTS=$OSRIG/run/clients.socket
rm -f "$OSRIG_CLIENTS"
PYTHONPATH=$here/lib "$OSRIG_VENV/bin/python" -m osrig.clients \
    "$OSRIG_CLIENTS" >>"$OSRIG/log/clients.log" 2>&1 &
clients=$!
echo "$clients" >"$OSRIG/run/trove-clients.pid"
trap 'kill "$clients" 2>/dev/null || true' EXIT
until [[ -S $OSRIG_CLIENTS ]]; do
    kill -0 "$clients" || die "$OSRIG/log/clients.log says why it ended."
    sleep 0.1
done
# shellcheck source=/dev/null
. "$OSRIG/admin.env"
once forget_trove
pages=("$guide/api-server.rst" "$guide/controller.rst")
[[ ${1:-} == --quick ]] || pages+=("$guide/verify.rst")
words | python3 "$here/guide.py" "${pages[@]}" >"$script.all"
ports="printf '[DEFAULT]\\\\nbind_host = 127.0.0.1\\\\nbind_port = $(port 8779)\\\\n"
ports+="storage_drivers = swift, cinder\\\\n'"
ports+=' >/etc/trove/trove.conf.d/ports.conf'
faster=()
if [[ -n ${TROVE_UV:-} ]]; then
    # As pip does: the user of the services cannot.
    uv="$TROVE_UV pip install --quiet --compile-bytecode"
    uv+=" --python /opt/trove/bin/python"
    faster=(-e 's,^python3 -m venv,& --without-pip,'
        -e "s,^/opt/trove/bin/pip install,$uv,")
fi
# The image of a datastore of the guide that is not wanted is missed: status 1.
warns=()
# shellcheck disable=SC2016  # expanded in the script
[[ -z ${TROVE_OPENSTACK:-} ]] ||
    warns=(-e 's/^trove-status.*/& || [[ $? == 1 ]]/')
# What a command tells is needed later, and the ports are other ones.
{
    cat <<'X'
told() {
    sed "s/MGMT_NETWORK_ID/${MGMT_NETWORK_ID:-}/"
}
answers() {
    until curl --silent --output /dev/null "$OSRIG_TROVE"; do
        sleep 0.5
    done
}
column() {
    openstack database instance show first --format value --column "$1"
}
active() {
    local status=
    until [[ $status == ACTIVE ]]; do
        sleep 2
        status=$(column status)
        [[ $status != ERROR ]] || { column fault; exit 1; }
    done
    ADDRESS=$(column addresses | grep -oE '[0-9]+(\.[0-9]+){3}' | head -n 1)
}
gone() {
    while column status >/dev/null 2>&1; do
        sleep 2
    done
}
X
    # shellcheck disable=SC2016  # expanded in the script
    sed "${faster[@]}" "${warns[@]}" \
        -e 's/^openstack network show.*/MGMT_NETWORK_ID=$(&)/' \
        -e "/^systemctl daemon-reload/i $ports" \
        -e "/^trove-status/i answers" \
        -e "/^openstack datastore list/i . $OSRIG/demo.env; PATH=$here/commands:\$PATH" \
        -e '/^psql/i active' \
        -e '/^openstack database instance delete/a gone' "$script.all"
} >"$script"
rm -rf "$host"
mkdir -p /opt/trove
(own_opt=/opt/trove within "$host" bash "$script")
