#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Start a real OpenStack on this machine's loopback, for tests.
#
#   tools/openstack/up.sh              install and start everything
#   tools/openstack/up.sh SERVICE...   start these again: rabbit db keystone
#                                      placement glance neutron cinder nova
#                                      barbican swift relay
#   tools/openstack/up.sh --check      only say why it cannot run here
#
# It prints the file with the variables of an administrator's client. What
# already runs is left alone. settings.sh has the variables that it looks at,
# doc/source/contributor/openstack-rig.rst tells what is real in it. It needs
# root, for namespaces, mounts and loop devices.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/settings.sh"
# shellcheck source=tools/openstack/configure.sh
. "$here/configure.sh"
# shellcheck source=tools/openstack/services.sh
. "$here/services.sh"
export PYTHONPATH=$here/lib PYTHONWARNINGS=ignore
unset OS_CLOUD OS_AUTH_URL

# fits: end with the reason, if no cloud can run here.
fits() {
    local missing=() each
    [[ $OSRIG_PREFIX == [1-5] ]] ||
        die "OSRIG_PREFIX is $OSRIG_PREFIX, which makes no ports; 1 to 5 do."
    [[ $(id -u) == 0 ]] || die 'only root can make namespaces and mounts.'
    for each in ip:iproute2 nft:nftables curl:curl mkfs.ext4:e2fsprogs \
        mariadbd:mariadb-server rabbitmq-server:rabbitmq-server; do
        command -v "${each%:*}" >/dev/null || missing+=("${each#*:}")
    done
    [[ ${#missing[@]} == 0 ]] ||
        die 'programs are missing:' "  apt-get install ${missing[*]}"
    [[ -c /dev/loop-control ]] ||
        die 'there is no /dev/loop-control: volumes are loop devices.'
    # A /dev without udev has no nodes of the devices that losetup makes.
    for each in $(seq 0 63); do
        [[ -e /dev/loop$each ]] || mknod "/dev/loop$each" b 7 "$each" ||
            die 'the nodes of loop devices cannot be made.'
    done
    try_kernel || die 'this kernel, or the container that this runs in, does' \
        'not let root do what is named above.'
}

# Root of a container may not do all that a cloud does.
try_kernel() {
    local scratch status=0
    scratch=$(mktemp -d)
    # shellcheck disable=SC2016  # expanded within
    unshare --mount --net --propagation private bash -euc '
        mount -t tmpfs tmpfs "$1"
        mkdir "$1"/{upper,work,volume}
        mount -t overlay overlay -o \
            "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
        nft add table ip trove
        truncate --size 16M "$1/file"
        mkfs.ext4 -q "$1/file"
        loop=$(losetup --find --show "$1/file")
        trap "losetup --detach $loop" EXIT
        mount "$loop" "$1/volume"
        umount "$1/volume"
    ' bash "$scratch" || status=$?
    rmdir "$scratch"
    return "$status"
}

fits
if [[ ${1:-} == --check ]]; then
    exit
fi
"$rig_top/tools/install-released.sh" openstack
mkdir -p "$OSRIG"/{etc,lock,log,ports,run}
configure
write_environments
if [[ $# -gt 0 ]]; then
    for service; do
        "start_$service"
    done
    exit
fi
say 'broker and database'
start_rabbit
start_db
say 'keystone, placement, glance, neutron, cinder, nova'
start_keystone
started=()
for service in placement glance neutron cinder nova; do
    "start_$service" &
    started+=($!)
done
# Not all jobs: the services are jobs, too.
for each in "${started[@]}"; do
    wait "$each"
done
start_barbican
start_swift
start_relay
for each in 8778 9292 9696 8776 8774 9311 8080; do
    wait_for "$(port "$each")"
done
say 'flavors, networks, image'
run_python osrig.seed "$keystone_url" >"$OSRIG/log/seed.log" 2>&1 ||
    die "the cloud cannot be filled: $OSRIG/log/seed.log has the reason."
say "up: source $OSRIG/admin.env (or demo.env, trove.env)"
echo "$OSRIG/admin.env"
