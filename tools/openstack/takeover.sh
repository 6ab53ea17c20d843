#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Take over a deployment of release 26.0 on an OpenStack that up.sh starts.
#
#   tools/openstack/takeover.sh    takeover.py has the steps; TROVE_UV names a
#                                  uv, to install faster than with pip
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/settings.sh"
venv=${TROVE_VENV:-$rig_top/.venv}

"$here/up.sh"
"$rig_top/tools/install-released.sh" 26
"$rig_top/tools/fetch-trees.sh"
"$here/released/image.sh" trove-guest-26 trove26
image=$("$here/../image/rig.sh" trove-guest mariadb postgresql)
# shellcheck source=/dev/null
. "$OSRIG/admin.env"
TROVE_VENV=$venv "$here/controller.sh" "$venv/bin/python" \
    "$here/takeover.py" "$image"
