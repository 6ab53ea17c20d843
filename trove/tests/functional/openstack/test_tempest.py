# SPDX-License-Identifier: Apache-2.0
"""The same tests at a Trove on a real OpenStack.

They run after tools/openstack/deploy.sh, with the variables of admin.env.
``TROVE_OPENSTACK`` names the datastores.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import functools
import os
import pathlib
import subprocess
import tempfile
import unittest

import testscenarios

from trove.tests.fixtures import keystone
from trove.tests.fixtures import tempest
from trove.tests.functional.tempest import plugin

load_tests = testscenarios.load_tests_apply_scenarios

HOME = os.environ.get('OSRIG', '')
#: How the names of classes end, and the version that is tried.
DATASTORES = {
    'mariadb': ('MariaDB', '10.11'),
    # With OpenSSL, which that of the guide has not.
    'postgresql': ('PostgreSQL', '17'),
}
#: Beyond those of a project: all servers belong to one.
_QUOTAS = (
    *('cores', 'floating-ips', 'gigabytes', 'instances', 'ports', 'ram'),
    *('secgroup-rules', 'secgroups', 'server-groups', 'snapshots', 'volumes'),
)


def _chosen() -> list[str]:
    """Return the names of datastores."""
    return os.environ.get('TROVE_OPENSTACK', '').split() or list(DATASTORES)


def _classes() -> Iterator[tuple[str, str]]:
    """Yield groups and datastores."""
    for name in _chosen():
        for group in plugin.GROUPS:
            yield group, DATASTORES[name][0]


def _run_program(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f'{command}: {done.stdout}{done.stderr}')
    return done.stdout.strip()


def _manage(*arguments: str) -> None:
    """Run ``trove-manage`` where the services are, in their namespace."""
    service = (pathlib.Path(HOME) / 'run' / 'trove-api.pid').read_text()
    _run_program(
        [
            *('nsenter', '--mount', '--root', '--target', service.strip()),
            *('/opt/trove/bin/trove-manage', *arguments),
        ]
    )


@functools.cache
def _prepare() -> None:
    """Do what an operator does for tests after the install guide."""
    unlimited = (word for each in _QUOTAS for word in (f'--{each}', '-1'))
    _run_program(['openstack', 'quota', 'set', *unlimited, 'service'])
    with tempfile.TemporaryDirectory(dir=HOME) as scratch:
        staging = f'{scratch}/programs'
        for name, _, listed in plugin.catalogues(staging, _chosen()):
            version = DATASTORES[name][1]
            _manage(
                'datastore_version_update',
                name,
                version,
                name,
                '',
                '',
                '1',
                '--version',
                version,
                '--image-tags',
                f'trove,{name}',
            )
            path = pathlib.Path(scratch) / name
            path.write_text(listed)
            _manage(
                'db_load_datastore_config_catalogue',
                name,
                version,
                str(path),
            )


def _id_of(kind: str, name: str) -> str:
    return _run_program(
        [
            *('openstack', kind, 'show', '--format', 'value'),
            *('--column', 'id', name),
        ]
    )


def _place(name: str) -> tempest.Place:
    return tempest.Place(
        url=os.environ['OS_AUTH_URL'],
        admin=keystone.User('admin', os.environ['OS_PASSWORD'], 'admin', ''),
        roles=['member', 'creator'],
        options={
            'database': {
                # Two processors carry a whole cloud.
                'database_build_timeout': 900,
                'database_restore_timeout': 900,
                'backup_wait_timeout': 900,
                'shared_network': _id_of('network', 'user'),
                'volume_type': 'rig',
                'rebuild_image_id': _id_of('image', 'trove-guest'),
            }
        },
        versions={name: DATASTORES[name][1]},
        # Floating IPs are reached from there.
        command=('ip', 'netns', 'exec', os.environ['OSRIG_CLIENT_NS']),
        at_once=3,
    )


@functools.cache
def _run(name: str) -> dict[str, tempest.Outcome]:
    """Run all classes of a datastore."""
    _prepare()
    with tempest.Tempest(_place(name), timeout=4500) as field:
        return field.run(f'{DATASTORES[name][0]}\\.')


@unittest.skipUnless(
    os.environ.get('OSRIG_CLIENT_NS'),
    'there is no OpenStack; tools/run-tests.sh openstack starts one',
)
class OpenStackTest(plugin.ScenarioTest):
    # The first one waits for all of a datastore.
    timeout = 4500
    scenarios = plugin.named(_classes())

    def said(self) -> dict[str, tempest.Outcome]:
        (name,) = [
            name
            for name, (end, _) in DATASTORES.items()
            if self.name.endswith(end)
        ]
        return _run(name)

    def test_what_passes(self) -> None:
        self.check()
