# SPDX-License-Identifier: Apache-2.0
"""Certificates of customers: which are used, and what is gone back to."""

from __future__ import annotations

import pathlib
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import base as datastores_base
from trove.guestagent.datastores import replication
from trove.guestagent.datastores import tls
from trove.tests import base
from trove.tests.fixtures import certificates
from trove.tests.unit.guestagent.datastores import test_sql


class Made:
    """An authority and what it issues, as orders have it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.authority = certificates.Authority(directory)

    def container(self, name: str = 'db') -> dict[str, Any]:
        certificate, key = self.authority.issue(name, '127.0.0.1')
        return {
            'certificate': certificate.read_text(),
            'private_key': key.read_text(),
            'ca': self.authority.path.read_text(),
        }


class BundleTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.made = Made(directory)
        self.container = self.made.container()

    def refused(self, container: Any) -> str:
        error = self.assertRaises(
            exception.BadRequest, tls.Bundle.read, container
        )
        secret = self.container['private_key'].splitlines()[1]
        self.assertNotIn(secret, str(error))
        return str(error)

    def test_a_pair(self) -> None:
        bundle = tls.Bundle.read(self.container)

        shown = tls.describe(bundle.certificate)
        self.assertEqual('db', shown['cn'])
        self.assertEqual(['127.0.0.1'], shown['san'])
        self.assertRegex(shown['expire_at'], r'^\d{4}-\d\d-\d\dT')
        # What is logged of it has no key
        self.assertNotIn('PRIVATE', repr(bundle))

    def test_another_key(self) -> None:
        other = self.made.container('other')

        said = self.refused(
            {**self.container, 'private_key': other['private_key']}
        )

        self.assertIn('another key', said)

    def test_what_cannot_be_read(self) -> None:
        for change, part in (
            ({'certificate': 'x'}, 'certificate'),
            ({'ca': 'x'}, 'authority'),
            ({'private_key': 'x'}, 'key'),
            ({'private_key': None}, 'private_key'),
            ({'certificate': ['x']}, 'certificate'),
            ({'certificate': 'x' * 65_537}, '65536'),
        ):
            self.assertIn(part, self.refused({**self.container, **change}))
        for container in (None, 'https://barbican/secret', []):
            self.assertIn('no certificate', self.refused(container))


class ChangeTest(test_sql.SQLTestCase):
    """Given a server that runs."""

    def setUp(self) -> None:
        super().setUp()
        self.made = Made(self.driver.home.data_dir)
        self.prepare()
        self.driver.calls.clear()

    def state(self, mode: str = tls.BASIC) -> tls.State:
        return tls.State(mode, tls.Bundle.read(self.made.container()))

    def test_changed_and_rolled_back(self) -> None:
        first, second = self.state(), self.state(tls.ENFORCED)
        self.driver.set_tls(first)
        self.driver.set_tls(second)
        # Repeated, it does not forget what was before
        self.driver.set_tls(second)

        # Another agent knows it
        self.driver = test_sql.Driver(self.conf, self.driver.home)
        self.assertEqual(second, self.driver.tls())
        self.driver.restore_tls()
        self.assertEqual(first, self.driver.tls())
        self.assertEqual(first.bundle, self.driver.written)
        # Once only
        error = self.assertRaises(
            exception.BadRequest, self.driver.restore_tls
        )
        self.assertIn('nothing to roll back', str(error))
        self.assertEqual(first, self.driver.tls())

    def test_disabled(self) -> None:
        self.driver.set_tls(self.state())

        self.assertTrue(self.driver.set_tls(tls.State(tls.OFF)))

        self.assertEqual(tls.State(tls.OFF), self.driver.tls())
        self.driver.never_off = 'Not this one.'
        self.assertRaises(
            exception.BadRequest, self.driver.set_tls, tls.State(tls.OFF)
        )

    def test_a_replica_has_that_of_its_primary(self) -> None:
        for state in (self.state(tls.MUTUAL), tls.State(tls.OFF)):
            context = state.for_replicas()

            self.assertEqual(state, tls.State.of_primary(context))
        # And one of a server that made its own has its own
        self.assertEqual({}, tls.State().for_replicas())
        self.assertIsNone(tls.State.of_primary({}))
        self.assertRaises(
            exception.BadRequest, tls.State.of_primary, {'ssl_mode': 'basic'}
        )

    def test_a_new_replica(self) -> None:
        state = self.state(tls.ENFORCED)
        snapshot = replication.parse(
            {
                'master': {'host': '10.0.0.1', 'port': 1},
                'replica_conf': {
                    'replication_user': {'name': 'a', 'password': 'b'}
                },
                **state.for_replicas(),
            }
        )

        self.driver.prepare(
            datastores_base.Preparation(memory_mb=256, snapshot=snapshot)
        )

        self.assertEqual(state, self.driver.tls())

    def test_a_new_server_has_that_of_its_volume(self) -> None:
        state = self.state(tls.ENFORCED)
        # They began before it was mounted
        rebuilt = test_sql.Driver(self.conf, self.driver.home)
        booted = test_sql.Driver(self.conf, self.driver.home)
        self.driver.set_tls(state)

        rebuilt.rebuild(datastores_base.Preparation(memory_mb=256))
        rebuilt.stop()
        booted.start()

        self.assertEqual(state, rebuilt.tls())
        self.assertEqual(state, booted.tls())

    def test_one_that_the_server_refuses(self) -> None:
        first, second = self.state(), self.state(tls.ENFORCED)
        self.driver.set_tls(first)
        self.driver.refused = second.bundle

        self.assertRaises(
            exception.DatastoreError, self.driver.set_tls, second
        )

        self.assertEqual(first, self.driver.tls())
        self.assertEqual(first.bundle, self.driver.written)
        self.assertEqual(('tls', 'basic'), self.driver.calls[-1])

    def test_who_can_read_the_key(self) -> None:
        self.driver.set_tls(self.state())

        path = self.driver.home.kept_dir / 'tls.json'
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
