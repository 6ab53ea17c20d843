#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run a command on a bare Debian 12: what README.rst asks for, nothing else.
#
#   tools/ci/bare-debian.sh COMMAND [ARGUMENT...]
#
# It is run in a clone of what is committed here, by root, with Debian's own
# Python, python3-venv and git, and CI=true. Nothing of this machine shows
# through but its network and how it reaches its package registries: the
# settings of apt and pip, and certificates. What comes out of the command and
# its status are passed on. The system is made with debootstrap, in a directory
# of its own below TMPDIR (/tmp; 8 GiB must be free), and goes with all that
# is mounted and running in it when the command ends, or is interrupted.
set -euo pipefail

suite=bookworm
needed=8
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
    printf 'bare-debian.sh: %s\n' "$@" >&2
    exit 1
}

[[ $# -gt 0 ]] || die 'which command? As in: bare-debian.sh tools/run-tests.sh'
[[ $(id -u) == 0 ]] || die 'only root can make another system.' \
    "Without one: $*"

# What is being killed may still write.
# shellcheck disable=SC2329  # called by the trap
clean() {
    local attempt
    for attempt in 1 2 3; do
        rm -rf --one-file-system "$system" 2>/dev/null && return
        sleep "$attempt"
    done
    echo "bare-debian.sh: cannot remove $system" >&2
}

# Read as a whole, for it may be changed while the command runs.
{
if [[ -z ${TROVE_BARE_NAMESPACE:-} ]]; then
    for each in unshare git; do
        command -v "$each" >/dev/null || die "$each is missing."
    done
    if ! command -v debootstrap >/dev/null; then
        {
            apt-get update --quiet || true
            DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet \
                --no-install-recommends debootstrap
        } >&2 || die 'debootstrap is missing and cannot be installed.' \
            'On Debian and Ubuntu: apt-get install debootstrap'
    fi
    system=$(mktemp -d -t trove-bare-XXXXXX)
    # Its processes and mounts end with their namespaces, whatever happens.
    chmod 755 "$system"
    trap 'clean' EXIT
    trap 'exit 130' INT TERM HUP
    free=$(($(stat --file-system --format '%a * %S' "$system") / 1024 ** 3))
    [[ $free -ge $needed ]] ||
        die "$system has $free GiB free, $needed are needed: set TMPDIR."
    status=0
    TROVE_BARE_NAMESPACE=$system unshare --mount --pid --ipc --uts --fork \
        --kill-child --propagation private -- "$BASH" "${BASH_SOURCE[0]}" \
        "$@" </dev/null &
    inside=$!
    trap 'kill -KILL "$inside" 2>/dev/null || true; wait "$inside" || true
        exit 130' INT TERM HUP
    wait "$inside" || status=$?
    exit "$status"
fi

# --- within the namespaces --------------------------------------------------

system=$TROVE_BARE_NAMESPACE
log=$system.log
trap 'rm -f "$log"' EXIT

# Where this machine gets its packages from; Debian's own where it is none.
mirror() {
    local found
    found=$({
        sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources
        sed -n 's/^deb .*\(http[^ ]*\) .*/\1/p' /etc/apt/sources.list
    } 2>/dev/null | grep -m 1 '/debian/*$' || true)
    echo "${found:-http://deb.debian.org/debian}"
}

make_system() {
    debootstrap --variant=minbase --include=ca-certificates,git,python3-venv \
        "$suite" "$system" "$(mirror)"
    cp /etc/resolv.conf /etc/hosts "$system/etc/"
    hostname bare
    echo 127.0.0.1 bare >>"$system/etc/hosts"
}

# copy FILE...: those that there are, to the same place.
copy() {
    local each
    for each; do
        [[ -e $each ]] || continue
        mkdir -p "$system${each%/*}"
        cp --recursive --dereference "$each" "$system${each%/*}/"
    done
}

# What apt and pip are told here, with the local directories that they name.
take_settings() {
    local each
    for each in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
        if grep -qsE 'Acquire::(https?|Check|Retries)' "$each"; then
            copy "$each"
        fi
    done
    copy /etc/pip.conf /etc/xdg/pip /etc/ssl/certs/ca-certificates.crt
    for each in .config/pip .pip; do
        [[ ! -e $HOME/$each ]] || {
            mkdir -p "$system/root/.config"
            cp --recursive "$HOME/$each" "$system/root/$each"
        }
    done
    for each in $(python3 -m pip config list 2>/dev/null |
        tr "'\" " '\n' | sed 's,\\n,\n,g; s,file://,,g' | grep '^/' | sort -u
    ); do
        [[ -d $each && ! -d $system$each ]] || continue
        mkdir -p "$system$each"
        mount --bind --options ro "$each" "$system$each"
        # The files lie beside the index.
        [[ $each != */simple || ! -d ${each%/*}/files ]] || {
            mkdir -p "$system${each%/*}/files"
            mount --bind --options ro "${each%/*}/files" \
                "$system${each%/*}/files"
        }
    done
}

mount_devices() {
    local each
    mount -t proc proc "$system/proc"
    mount -t sysfs -o ro sysfs "$system/sys"
    mount -t tmpfs -o mode=755 tmpfs "$system/dev"
    for each in null zero full random urandom tty; do
        touch "$system/dev/$each"
        mount --bind "/dev/$each" "$system/dev/$each"
    done
    ln -s /proc/self/fd "$system/dev/fd"
    ln -s /proc/self/fd/0 "$system/dev/stdin"
    ln -s /proc/self/fd/1 "$system/dev/stdout"
    ln -s /proc/self/fd/2 "$system/dev/stderr"
    mkdir "$system/dev/pts" "$system/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts \
        "$system/dev/pts"
    ln -s pts/ptmx "$system/dev/ptmx"
    # Volumes are loop devices, which all of this kernel share.
    if [[ -c /dev/loop-control ]]; then
        touch "$system/dev/loop-control"
        mount --bind /dev/loop-control "$system/dev/loop-control"
        for each in $(seq 0 63); do
            mknod "$system/dev/loop$each" b 7 "$each"
        done
    fi
    mount -t tmpfs -o mode=1777 tmpfs "$system/dev/shm"
}

# Databases and brokers of tests write all the time, a fifth of their computing
# is to do that to a disk. Nothing of it is kept; what is not used takes no
# memory.
mount_scratch() {
    local memory
    memory=$(awk '/^MemAvailable:/ { print int($2 / 1024 ^ 2) }' /proc/meminfo)
    [[ $memory -ge 16 ]] || return 0
    mount -t tmpfs -o mode=1777,size=8G tmpfs "$system/tmp"
}

began=$SECONDS
echo "Making a bare Debian 12 in $system"
make_system >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    die 'Debian 12 cannot be made; what debootstrap said is above.'
}
# As the root of what makes further namespaces it has to be a mount.
mount --bind "$system" "$system"
# First: settings may lead to what is mounted below it.
mount_scratch
take_settings
mount_devices
git -c safe.directory='*' clone --quiet --no-hardlinks "file://$top" \
    "$system/root/trove"
echo "Made in $((SECONDS - began)) s; now: $*"

keep=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CI=true)
while read -r each; do
    keep+=("$each")
done < <(env | grep -iE \
    '^(PIP_|UV_|SSL_CERT_|REQUESTS_CA|(https?|no|all)_proxy=|TESTS_ARGS=|TROVE_TEST_)' || true)
status=0
# shellcheck disable=SC2016  # expanded within
env --ignore-environment "${keep[@]}" chroot "$system" \
    /bin/bash -c 'cd /root/trove && exec "$@"' bash "$@" </dev/null ||
    status=$?
exit "$status"
}
