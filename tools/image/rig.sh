#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Make the guest image of tools/openstack, which must be up, and upload it.
#
#   tools/image/rig.sh NAME DATASTORE...    its tags are trove and DATASTORE...
#
# The steps run over the root of the host, in namespaces of their own, and
# what they write is kept in $OSRIG/servers/images/NAME, on the file system
# that servers are on. The image tells servers to lie over that. It prints its
# id.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/../openstack/settings.sh"
[[ $# -gt 1 ]] || die 'as in: rig.sh trove-guest mariadb postgresql'
name=$1
shift
layer=$OSRIG/servers/images/$name
work=$OSRIG/servers/images/.work-$name
agent='["/opt/trove/bin/trove-guestagent", "--config-dir", "/etc/trove/conf.d"]'

mountpoint --quiet "$OSRIG/servers" ||
    die "there is no cloud in $OSRIG: tools/openstack/up.sh starts one."
rm -rf "$layer" "$work"
mkdir -p "$layer"/{etc,opt/trove,usr,var} "$work"/{etc,usr,var} /opt/trove
# shellcheck disable=SC2016  # expanded within
unshare --mount --propagation private bash -euc '
    layer=$1 work=$2 steps=$3
    shift 3
    mount --bind "$layer/opt/trove" /opt/trove
    for each in etc usr var; do
        mount -t overlay overlay -o \
            "lowerdir=/$each,upperdir=$layer/$each,workdir=$work/$each" \
            "/$each"
    done
    PATH=/usr/sbin:/usr/bin:/sbin:/bin exec "$steps" "$@"
' bash "$layer" "$work" "$here/steps.sh" "$@" >&2
rm -rf "$work"
# Nobody without CAP_SYS_RESOURCE, as in many containers, can grow an ext4 that
# is mounted. XFS takes the copy of a mounted one, as a volume of a snapshot is,
# for the same: servers of the rig share the kernel that real ones have alone.
if ! (($((16#$(sed -n 's/^CapEff:\t//p' /proc/self/status))) >> 24 & 1)); then
    cat >"$layer/etc/trove/conf.d/20-rig.conf" <<'X'
[DEFAULT]
volume_fstype = xfs
format_options =
mount_options = defaults,noatime,nouuid
X
fi
# shellcheck source=/dev/null
. "$OSRIG/admin.env"
PYTHONPATH=$rig_tools/lib "$OSRIG_VENV/bin/python" -m osrig.image "$name" \
    "{\"layers\": [\"$layer\"], \"boot\": [$agent]}" trove "$@"
