# SPDX-License-Identifier: Apache-2.0
"""The tests that the field runs at any Trove, at ours.

``TROVE_TEMPEST`` names what is run: ``all``, the default, or ``daily``: what
matters most, of one datastore, another one each day.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import datetime
import functools
import os
from typing import Any

import testscenarios

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import catalogue as of_mariadb
from trove.guestagent.datastores.mariadb import server as mariadb
from trove.guestagent.datastores.mysql import catalogue as of_mysql
from trove.guestagent.datastores.mysql import server as mysql
from trove.guestagent.datastores.postgresql import binaries
from trove.tests import base
from trove.tests.fixtures import barbican
from trove.tests.fixtures import compute_api
from trove.tests.fixtures import deployment
from trove.tests.fixtures import mysql as fetched
from trove.tests.fixtures import processes
from trove.tests.fixtures import tempest
from trove.tests.functional.guestagent import stores

load_tests = testscenarios.load_tests_apply_scenarios

#: How the names of classes end.
DATASTORES = ('MariaDB', 'MySQL', 'PostgreSQL')

#: How the names of classes begin, and how many tests each has.
GROUPS = {
    'TestBackup': 2,
    'TestCinderBackup': 1,
    'TestInstanceActions': 3,
    'TestInstanceBasic': 4,
    'TestInstanceSSL': 9,
    'TestInstanceUpdateAccess': 1,
    'TestReplication': 1,
}

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


def _class(group: str, datastore: str) -> str:
    if (group, datastore) == ('TestCinderBackup', 'MySQL'):
        return 'TestCinderBakcupMySQL'
    return group + datastore


def _is_daily() -> bool:
    return os.environ.get('TROVE_TEMPEST', 'all') == 'daily'


def _pattern(group: str, datastore: str) -> str:
    """Return what the names of the tests to be run have in them."""
    name = _class(group, datastore)
    if _is_daily() and group in DAILY_TESTS:
        return f'{name}\\.({"|".join(DAILY_TESTS[group])})\\b'
    return f'{name}\\.'


def _count(group: str) -> int:
    """Return how many tests of a group are run."""
    if _is_daily() and group in DAILY_TESTS:
        return len(DAILY_TESTS[group])
    return GROUPS[group]


def _chosen() -> Iterator[tuple[str, str]]:
    """Yield groups and datastores."""
    datastores, groups = DATASTORES, tuple(GROUPS)
    if _is_daily():
        day = datetime.datetime.now(datetime.UTC).date().toordinal()
        datastores, groups = (DAILY[day % len(DAILY)],), DAILY_GROUPS
    for datastore in datastores:
        for group in groups:
            yield group, datastore


#: What does not pass here, by class or test, and why.
CANNOT = {
    **{
        _class('TestCinderBackup', each): 'the cloud driver local has no '
        'Cinder'
        for each in DATASTORES
    },
    'TestBackupMySQL.test_backup_incremental': 'MySQL is backed up by its '
    'clone plugin, in full only',
    'TestInstanceActionsMySQL.test_instance_upgrade': 'there is one version',
    'TestInstanceActionsMariaDB.test_instance_upgrade': 'it reads '
    'innodb_version, a variable that MariaDB no longer has',
    'TestInstanceActionsPostgreSQL.test_instance_upgrade': 'it logs in to one '
    'instance with the password that root has at another',
}


class _Deployment(deployment.Deployment):
    """With all datastores whose programs are there, and their rules.

    Beside them a Barbican; so PostgreSQL is one with OpenSSL.
    """

    DATASTORE = 'postgresql'
    VERSION = '17'

    def __init__(self) -> None:
        super().__init__(options=tempest.OPTIONS)
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
        super()._prepare_database()
        found = programs.find(
            binaries.KIND,
            [stores.encrypting_bin_dir()],
            None,
            '/nowhere',
            None,
        )
        self._load_rules(self.DATASTORE, found, binaries.catalogue(found))
        account = accounts.resolve('nobody')
        for name, found, catalogue in self._others(account):
            self.manage('datastore_update', name, '')
            self.manage(
                'datastore_version_update',
                name,
                found.major,
                name,
                'local',
                '',
                '1',
            )
            self._load_rules(name, found, catalogue.read(found, account))

    def _others(
        self, account: accounts.Account | None
    ) -> Iterator[tuple[str, programs.Programs, Any]]:
        staging = str(self.state_dir / 'programs')
        with contextlib.suppress(exception.ConfigurationError):
            found = programs.find(
                mariadb.KIND, mariadb.candidates(), None, staging, account
            )
            yield 'mariadb', found, of_mariadb
        if fetched.missing() is None:
            found = programs.find(
                mysql.KIND, [fetched.bin_dir()], None, staging, account
            )
            yield 'mysql', found, of_mysql

    def _load_rules(
        self, name: str, found: programs.Programs, listed: str
    ) -> None:
        path = self.directory / f'{name}.catalogue'
        path.write_text(listed)
        self.manage(
            'db_load_datastore_config_catalogue',
            name,
            found.major,
            str(path),
        )
        self.versions[name] = found.major


@functools.cache
def _run() -> dict[str, tempest.Outcome]:
    """Run all that is chosen at once: most of it is waiting."""
    names = '|'.join(_pattern(*each) for each in _chosen())
    with _Deployment() as trove:
        nova = compute_api.ComputeAPI(trove.state_dir)
        with nova, tempest.Tempest(trove, trove.versions) as field:
            trove.keystone.add_service('nova', 'compute', nova.url)
            return field.run(f'\\.({names})')


class ScenarioTest(base.TestCase):
    # The first one waits for all that is run.
    timeout = 3000
    scenarios = [
        (_class(*each), {'group': each[0], 'name': _class(*each)})
        for each in _chosen()
    ]
    group: str
    name: str

    def test_what_passes(self) -> None:
        # Given
        if self.name.endswith('MySQL') and (reason := fetched.missing()):
            self.skipTest(reason)
        # When
        outcomes = {
            test.rpartition(f'.{self.name}')[2].strip('.)'): outcome
            for test, outcome in _run().items()
            if f'.{self.name}.' in f'{test.rstrip(")")}.'
        }
        # Then
        problems = [
            problem
            for test, outcome in sorted(outcomes.items())
            if (problem := self._problem(test, outcome))
        ]
        self.assertEqual([], problems)
        passed = sum(each.verdict == 'success' for each in outcomes.values())
        known = [name for name in CANNOT if name.startswith(self.name)]
        if self.name in known:
            self.assertEqual(0, passed)
            self.skipTest(CANNOT[self.name])
        self.assertEqual(_count(self.group) - len(known), passed)
        told = f'{self.name}: {passed} of {_count(self.group)} passed'
        for name in known:
            told += f'\n{name} did not: {CANNOT[name]}'
        self.addDetail('summary', processes.text_detail(told))

    def _problem(self, test: str, outcome: tempest.Outcome) -> str | None:
        name = f'{self.name}.{test}'.rstrip('.')
        known = CANNOT.get(name) or CANNOT.get(self.name)
        if outcome.verdict == 'success':
            return known and f'{name} passes, CANNOT says: {known}'
        if known:
            return None
        self.addDetail(name, processes.text_detail(outcome.told))
        return f'{name}: {outcome.verdict}'
