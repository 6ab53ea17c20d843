#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run a command on the controller of the OpenStack of up.sh.
#
#   tools/openstack/controller.sh [--keep] COMMAND...
#
# within.sh says what is there. What another command has left there is removed
# first, but with --keep. What git has committed is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/settings.sh"
# shellcheck source=tools/openstack/within.sh
. "$here/within.sh"
[[ -f $OSRIG/admin.env ]] || die 'there is no cloud: run up.sh first.'
host=$OSRIG/servers/images/.controller

if [[ $1 == --keep ]]; then
    shift
else
    rm -rf "$host"
fi
within "$host" "$@"
