#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Stop what up.sh started, by the process ids that it wrote, servers first.
#
#   tools/openstack/down.sh           keep databases, servers and volumes
#   tools/openstack/down.sh --purge   remove them, too
set -uo pipefail

# shellcheck source=tools/openstack/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

# end PID: politely first; then its whole session.
end() {
    kill "$1" 2>/dev/null
    for _ in $(seq 100); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null
}

for file in "$OSRIG"/servers/*/{pid,relay}; do
    [[ ! -f $file ]] || kill -KILL "$(<"$file")" 2>/dev/null
done
for kind in trove nova-compute nova cinder neutron glance placement barbican \
    swift relay keystone rabbit db; do
    jobs=()
    for file in "$OSRIG/run/$kind"*.pid; do
        [[ -f $file ]] || continue
        pid=$(<"$file")
        rm -f "$file"
        end "$pid" &
        jobs+=($!)
    done
    [[ ${#jobs[@]} == 0 ]] || wait "${jobs[@]}"
done
# RabbitMQ's port mapper outlives it.
for directory in /proc/[0-9]*; do
    [[ $(cat "$directory/comm" 2>/dev/null) == epmd ]] || continue
    if tr '\0' '\n' 2>/dev/null <"$directory/environ" |
        grep -q "^HOME=$OSRIG/rabbit/"; then
        kill "${directory##*/}"
    fi
done
for name in $(ip netns list | awk '{print $1}' |
    grep "^osrig$OSRIG_PREFIX-"); do
    ip netns delete "$name"
done
losetup --list --noheadings --output NAME,BACK-FILE |
    awk -v files="$OSRIG/volumes/" 'index($2, files) == 1 {print $1}' |
    xargs --no-run-if-empty --max-args 1 losetup --detach
if [[ ${1:-} == --purge ]]; then
    ! mountpoint --quiet "$OSRIG/servers" || umount --lazy "$OSRIG/servers"
    rm -rf "${OSRIG:?}"/{barbican,cinder,etc,glance,keystone,lock,log,mysql} \
        "$OSRIG"/{neutron,nova,ports,rabbit,run,servers,swift,volumes} \
        "$OSRIG"/{faults.json,*.env}
    # What is left is not ours.
    rmdir "$OSRIG" 2>/dev/null
    # A Trove of another rig is mounted there, and would lose its files.
    grep --quiet --no-messages ' /opt/trove ' /proc/[0-9]*/mountinfo ||
        rmdir /opt/trove 2>/dev/null
fi
exit 0
