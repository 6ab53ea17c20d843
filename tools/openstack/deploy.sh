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
# The commands run in namespaces in which /etc, /usr, /var and /opt/trove are
# layers of their own over those of the host, so that it stays as it is.
# commands/ has what stands for systemd and for the broker and database of the
# host. What git has committed is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/settings.sh"
[[ -f $OSRIG/admin.env ]] || die 'there is no cloud: run up.sh first.'
host=$OSRIG/servers/images/.controller
script=$OSRIG/etc/deploy.sh
guide=$rig_top/doc/source/install

# The rig has a user and a database for tests; the guide makes its own.
forget_trove() {
    mariadb --no-defaults --user=root --socket="$OSRIG/run/mysql.sock" \
        --execute='DROP DATABASE trove'
    # shellcheck source=/dev/null
    . "$OSRIG/admin.env"
    openstack user delete trove
    openstack service delete trove
}

# What the words of the guide mean here.
words() {
    cat <<X
@controller:5672 @127.0.0.1:$(port 5673)
@MGMT_ADDRESS:5672 @192.168.254.1:$(port 5673)
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
net-id=NETWORK_ID net-id=$(openstack network show --format value --column id user)
X
}

once() {
    local done=$OSRIG/etc/$1.synced
    [[ ! -f $done ]] || return 0
    "$@"
    touch "$done"
}

once forget_trove
# shellcheck source=/dev/null
. "$OSRIG/admin.env"
pages=("$guide/api-server.rst" "$guide/controller.rst")
[[ ${1:-} == --quick ]] || pages+=("$guide/verify.rst")
words | python3 "$here/guide.py" "${pages[@]}" >"$script.all"
ports="printf '[DEFAULT]\\\\nbind_host = 127.0.0.1\\\\nbind_port = $(port 8779)\\\\n'"
ports+=' >/etc/trove/trove.conf.d/ports.conf'
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
    sed -e 's/^openstack network show.*/MGMT_NETWORK_ID=$(&)/' \
        -e "/^systemctl daemon-reload/i $ports" \
        -e "/^trove-status/i answers" \
        -e "/^openstack datastore list/i . $OSRIG/demo.env" \
        -e '/^psql/i active' \
        -e '/^openstack database instance delete/a gone' "$script.all"
} >"$script"
rm -rf "$host"
mkdir -p "$host"/{etc,opt,usr,var} "$host"/scratch/{etc,usr,var} \
    "$host/checkout" /opt/trove
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=url.file://$rig_top.insteadOf
export GIT_CONFIG_VALUE_0=https://opendev.org/openstack/trove
export GIT_CONFIG_KEY_1=safe.directory GIT_CONFIG_VALUE_1='*'
OSRIG_TROVE=http://127.0.0.1:$(port 8779)/
export OSRIG_TROVE
# shellcheck disable=SC2016  # expanded within
PATH=$here/commands:/usr/sbin:/usr/bin:/sbin:/bin:$OSRIG_VENV/bin \
    unshare --mount --propagation private bash -euc '
    host=$1 script=$2
    mount --bind "$host/opt" /opt/trove
    for each in etc usr var; do
        mount -t overlay overlay -o \
            "lowerdir=/$each,upperdir=$host/$each,workdir=$host/scratch/$each" \
            "/$each"
    done
    cd "$host/checkout"
    exec bash "$script"
' bash "$host" "$script"
