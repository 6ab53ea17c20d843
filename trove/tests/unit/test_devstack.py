# SPDX-License-Identifier: Apache-2.0
"""The plugin of devstack, with functions of devstack that write down."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import fixtures

from trove.tests import base
from trove.tests.unit import import_rules

#: What devstack gives: each call is a line, settings are appended.
_DEVSTACK = r"""
set -eu
top=$1
DEST=$top DATA_DIR=$top TROVE_CONF_DIR=$top/etc ENABLED_SERVICES=trove
STACK_USER=$(id -un) SERVICE_PASSWORD=secret SERVICE_PROJECT_NAME=service
RABBIT_USERID=stackrabbit RABBIT_PASSWORD=secret RABBIT_HOST=127.0.0.1
REGION_NAME=RegionOne
KEYSTONE_SERVICE_URI=http://keystone SERVICE_DOMAIN_NAME=Default
SERVICE_PROTOCOL=http SERVICE_HOST=controller
note() {
    printf '%s ' "$@"
    echo
}
for each in define_plugin enable_service create_service_user \
    get_or_create_role get_or_add_user_project_role get_or_create_service \
    get_or_create_endpoint configure_keystone_authtoken_middleware \
    recreate_database install_package pip_install run_process openstack \
    is_service_enabled disk-image-create; do
    eval "$each() { note $each \"\$@\"; }"
done
iniset_rpc_backend() {
    iniset "$2" DEFAULT transport_url rabbit://stackrabbit:secret@127.0.0.1/
}
iniset() {
    printf '[%s]\n%s = %s\n' "$2" "$3" "$4" >>"$1"
}
sudo() {
    case $1 in
        install) "$@" ;;
        *) note sudo "$@" ;;
    esac
}
database_connection_url() {
    echo "sqlite:///$top/trove.db"
}
get_python_exec_prefix() {
    echo "$top/bin"
}
ln -sfn "$2" "$top/trove"
mkdir -p "$top/bin" "$top/etc"
printf '#!/bin/bash\n[[ "$*" != *generate_keys* ]] || exec %s "$@"\n' "$3" \
    >"$top/bin/trove-manage"
chmod +x "$top/bin/trove-manage"
. "$2/devstack/settings"
set -- "${@:4}"
. "$TROVE_DIR/devstack/plugin.sh"
"""


class PluginTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.keys = self.top / 'etc/trove.conf.d/keys.conf'

    def run_plugin(self, *phase: str) -> str:
        manage = pathlib.Path(sys.executable).with_name('trove-manage')
        done = subprocess.run(
            [
                *('bash', '-c', _DEVSTACK, 'stack.sh', str(self.top)),
                *(str(import_rules.TOP), str(manage), *phase),
            ],
            capture_output=True,
            text=True,
            env={**os.environ, 'TMPDIR': str(self.top)},
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_stacked_again(self) -> None:
        done = self.run_plugin('stack', 'post-config')
        first = self.keys.read_text('utf-8')
        self.run_plugin('stack', 'post-config')

        self.assertIn('get_or_add_user_project_role ResellerAdmin trove', done)
        self.assertNotEqual(first, self.keys.read_text('utf-8'))

    def test_image_and_services(self) -> None:
        done = self.run_plugin('stack', 'extra')

        self.assertRegex(
            done, r'disk-image-create -o \S+guest.qcow2 debian vm trove-guest'
        )
        self.assertEqual(3, done.count(f'--config-dir {self.keys.parent}'))
        # The image is large.
        self.assertEqual([], list(self.top.glob('tmp*')))
