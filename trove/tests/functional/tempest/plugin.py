# SPDX-License-Identifier: Apache-2.0
"""The classes of trove-tempest-plugin, and what may fail of them."""

from __future__ import annotations

import abc
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import catalogue as of_mariadb
from trove.guestagent.datastores.mariadb import server as mariadb
from trove.guestagent.datastores.mysql import catalogue as of_mysql
from trove.guestagent.datastores.mysql import server as mysql
from trove.guestagent.datastores.postgresql import binaries
from trove.tests import base
from trove.tests.fixtures import mysql as fetched
from trove.tests.fixtures import processes
from trove.tests.fixtures import tempest
from trove.tests.functional.guestagent import stores

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

#: What passes nowhere, by test, and why.
CANNOT = {
    'TestInstanceActionsMariaDB.test_instance_upgrade': 'it reads '
    'innodb_version, a variable that MariaDB no longer has',
    'TestInstanceActionsPostgreSQL.test_instance_upgrade': 'it logs in to one '
    'instance with the password that root has at another',
}


def class_name(group: str, datastore: str) -> str:
    """Return the name of a class.

    :param datastore: how the name ends
    """
    if (group, datastore) == ('TestCinderBackup', 'MySQL'):
        return 'TestCinderBakcupMySQL'
    return group + datastore


def named(classes: Iterable[tuple[str, str]]) -> list[tuple[str, object]]:
    """Return the scenarios for groups and datastores."""
    return [
        (
            class_name(*each),
            {'group': each[0], 'name': class_name(*each)},
        )
        for each in classes
    ]


def catalogues(
    staging: str, names: Collection[str] = ('mariadb', 'mysql', 'postgresql')
) -> Iterator[tuple[str, programs.Programs, str]]:
    """Yield those of the datastores that are here, with their parameters.

    :param staging: a directory that is made, for copies of programs: where
        the user nobody gets to, if MySQL is named
    :returns: of each its name, its programs, and what the server lists
    """
    if 'postgresql' in names:
        found = programs.find(
            binaries.KIND, [stores.encrypting_bin_dir()], None, staging, None
        )
        yield 'postgresql', found, binaries.catalogue(found)
    account = accounts.resolve('nobody')
    if 'mariadb' in names:
        with contextlib.suppress(exception.ConfigurationError):
            found = programs.find(
                mariadb.KIND, mariadb.candidates(), None, staging, account
            )
            yield 'mariadb', found, of_mariadb.read(found, account)
    if 'mysql' in names and fetched.missing() is None:
        found = programs.find(
            mysql.KIND, [fetched.bin_dir()], None, staging, account
        )
        yield 'mysql', found, of_mysql.read(found, account)


class ScenarioTest(base.TestCase, abc.ABC):
    """Given what Tempest said of all classes, look at one of them."""

    # The first one waits for all that is run.
    timeout = 3000
    group: str
    name: str
    #: What does not pass, by class or test, and why.
    cannot: Mapping[str, str] = CANNOT

    @abc.abstractmethod
    def said(self) -> Mapping[str, tempest.Outcome]:
        """Return what Tempest said of the classes that are run."""

    def count(self) -> int:
        """Return how many tests of the class are run."""
        return GROUPS[self.group]

    def check(self) -> None:
        # When
        outcomes = {
            test.rpartition(f'.{self.name}')[2].strip('.)'): outcome
            for test, outcome in self.said().items()
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
        known = [name for name in self.cannot if name.startswith(self.name)]
        if self.name in known:
            self.assertEqual(0, passed)
            self.skipTest(self.cannot[self.name])
        self.assertEqual(self.count() - len(known), passed)
        told = f'{self.name}: {passed} of {self.count()} passed'
        for name in known:
            told += f'\n{name} did not: {self.cannot[name]}'
        self.addDetail('summary', processes.text_detail(told))

    def _problem(self, test: str, outcome: tempest.Outcome) -> str | None:
        name = f'{self.name}.{test}'.rstrip('.')
        known = self.cannot.get(name) or self.cannot.get(self.name)
        if outcome.verdict == 'success':
            return known and f'{name} passes, CANNOT says: {known}'
        if known:
            return None
        self.addDetail(name, processes.text_detail(outcome.told))
        return f'{name}: {outcome.verdict}'
