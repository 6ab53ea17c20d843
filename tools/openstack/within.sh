#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run something on the controller of the rig; to be sourced after settings.sh.
#
# shellcheck disable=SC2154  # what settings.sh sets

# within HOST COMMAND...: replace this shell by a command. It sees layers of
# /etc, /usr and /var over those of the machine, whose changes are in HOST, so
# that the machine stays as it is. So is /opt; or of it only the directory
# $own_opt, which is HOST/opt then. commands/ has what stands for systemd and
# for the broker and database of the machine. What git has committed is cloned
# instead of the repository of the guide.
within() {
    local host=$1
    mkdir -p "$host"/{etc,opt,usr,var} "$host"/scratch/{etc,opt,usr,var} \
        "$host/checkout"
    export GIT_CONFIG_COUNT=2
    export GIT_CONFIG_KEY_0=url.file://$rig_top.insteadOf
    export GIT_CONFIG_VALUE_0=https://opendev.org/openstack/trove
    export GIT_CONFIG_KEY_1=safe.directory GIT_CONFIG_VALUE_1='*'
    OSRIG_TROVE=http://127.0.0.1:$(port 8779)/
    export OSRIG_TROVE
    # shellcheck disable=SC2016  # expanded within
    own_opt=${own_opt:-} \
        PATH=$rig_tools/commands:/usr/sbin:/usr/bin:/sbin:/bin:$OSRIG_VENV/bin \
        exec unshare --mount --propagation private bash -euc '
        host=$1
        shift
        layers="etc usr var opt"
        if [ -n "$own_opt" ]; then
            layers="etc usr var"
            mount --bind "$host/opt" "$own_opt"
        fi
        for each in $layers; do
            mount -t overlay overlay -o \
                "lowerdir=/$each,upperdir=$host/$each,workdir=$host/scratch/$each" \
                "/$each"
        done
        cd "$host/checkout"
        exec "$@"
    ' bash "$@"
}
