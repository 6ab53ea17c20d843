# SPDX-License-Identifier: Apache-2.0
"""The tests that the field runs at any Trove, at ours.

``TROVE_TEMPEST`` names what is run: ``all``, the default, or ``daily``: what
matters most, of one datastore, another one each day.
"""

from __future__ import annotations

from collections.abc import Iterator
import datetime
import functools
import os

import testscenarios

from trove.tests.fixtures import barbican
from trove.tests.fixtures import compute_api
from trove.tests.fixtures import deployment
from trove.tests.fixtures import mysql as fetched
from trove.tests.fixtures import tempest
from trove.tests.functional.guestagent import stores
from trove.tests.functional.tempest import plugin

load_tests = testscenarios.load_tests_apply_scenarios

#: How the names of classes end.
DATASTORES = ('MariaDB', 'MySQL', 'PostgreSQL')

#: What is run on each day, and of which datastores by turns.
DAILY_GROUPS = (
    *('TestBackup', 'TestInstanceBasic', 'TestInstanceSSL'),
    'TestReplication',
)
#: Of what is run on each day, the tests of a group that has many.
DAILY_TESTS = {
    'TestInstanceSSL': ('test_ssl_basic', 'test_ssl_replication_mtls'),
}
DAILY = ('MariaDB', 'PostgreSQL')


def _is_daily() -> bool:
    return os.environ.get('TROVE_TEMPEST', 'all') == 'daily'


def _pattern(group: str, datastore: str) -> str:
    """Return what the names of the tests to be run have in them."""
    name = plugin.class_name(group, datastore)
    if _is_daily() and group in DAILY_TESTS:
        return f'{name}\\.({"|".join(DAILY_TESTS[group])})\\b'
    return f'{name}\\.'


def _chosen() -> Iterator[tuple[str, str]]:
    """Yield groups and datastores."""
    datastores, groups = DATASTORES, tuple(plugin.GROUPS)
    if _is_daily():
        day = datetime.datetime.now(datetime.UTC).date().toordinal()
        datastores, groups = (DAILY[day % len(DAILY)],), DAILY_GROUPS
    for datastore in datastores:
        for group in groups:
            yield group, datastore


#: What does not pass here, by class or test, and why.
CANNOT = plugin.CANNOT | {
    plugin.class_name('TestCinderBackup', each): 'the cloud driver local has '
    'no Cinder'
    for each in DATASTORES
}

#: Whatever UUIDs the plugin is told: this cloud has one network and no image.
NETWORK = '6d1d36b4-0ba5-4b4c-9fd5-7a8f6e6f3b11'
IMAGE = '9a2f3b52-6df7-4a32-a3c6-5d5f0b6f1c70'
#: Options of a deployment that these tests need.
OPTIONS: deployment.Options = {
    'certificates': {'driver': 'barbican'},
    'cloud_local': {
        'network_ids': NETWORK,
        'public_access': True,
        'volume_types': 'directory',
    },
}
#: The version that instances are upgraded from, of the same number: there is
#: one release of each series here.
_BEFORE = 'before'


class _Deployment(deployment.Deployment):
    """With all datastores whose programs are there, and their rules.

    Beside them a Barbican; so PostgreSQL is one with OpenSSL.
    """

    def __init__(self) -> None:
        super().__init__(options=OPTIONS)
        self.versions: dict[str, str] = {}

    def _use_more(self) -> None:
        keeper = self.useFixture(barbican.Barbican(self.keystone.authtoken()))
        self.keystone.add_service('barbican', 'key-manager', keeper.url)

    def _options(self) -> deployment.Options:
        options = super()._options()
        with (self.directory / 'guest-extra.conf').open('a') as guests:
            guests.write(
                f'[postgresql]\nbin_dir = {stores.encrypting_bin_dir()}\n'
            )
            if fetched.missing() is None:
                guests.write(f'[mysql]\nbin_dir = {fetched.bin_dir()}\n')
        return options

    def _prepare_database(self) -> None:
        self.write_config('manage')
        self.manage('db_sync')
        staging = str(self.state_dir / 'programs')
        for name, found, listed in plugin.catalogues(staging):
            self.manage('datastore_update', name, '')
            for version in _BEFORE, found.major:
                self.manage(
                    'datastore_version_update',
                    name,
                    version,
                    name,
                    'local',
                    '',
                    '1',
                    '--version',
                    found.text,
                )
            path = self.directory / f'{name}.catalogue'
            path.write_text(listed)
            self.manage(
                'db_load_datastore_config_catalogue',
                name,
                found.major,
                str(path),
            )
            self.versions[name] = found.major

    def place(self) -> tempest.Place:
        cloud = self.keystone
        absent = ('cinder', 'glance', 'neutron', 'nova', 'swift')
        return tempest.Place(
            url=cloud.url,
            admin=cloud.admin,
            roles=['member'],
            options={
                'service_available': dict.fromkeys(absent, False),
                'database': {
                    'shared_network': NETWORK,
                    'volume_type': 'directory',
                    'rebuild_image_id': IMAGE,
                },
            },
            versions=self.versions,
            older=dict.fromkeys(self.versions, _BEFORE),
        )


@functools.cache
def _run() -> dict[str, tempest.Outcome]:
    """Run all that is chosen at once: most of it is waiting."""
    names = '|'.join(_pattern(*each) for each in _chosen())
    with _Deployment() as trove:
        nova = compute_api.ComputeAPI(trove.state_dir)
        with nova, tempest.Tempest(trove.place()) as field:
            trove.keystone.add_service('nova', 'compute', nova.url)
            return field.run(f'\\.({names})')


class ScenarioTest(plugin.ScenarioTest):
    scenarios = plugin.named(_chosen())
    cannot = CANNOT

    def said(self) -> dict[str, tempest.Outcome]:
        return _run()

    def count(self) -> int:
        if _is_daily() and self.group in DAILY_TESTS:
            return len(DAILY_TESTS[self.group])
        return super().count()

    def test_what_passes(self) -> None:
        # Given
        if self.name.endswith('MySQL') and (reason := fetched.missing()):
            self.skipTest(reason)
        self.check()
