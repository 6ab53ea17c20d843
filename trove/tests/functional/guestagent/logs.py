# SPDX-License-Identifier: Apache-2.0
"""The logs of a database server, published to Swift and read by a client."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import swiftclient
from troveclient.v1 import instances

from trove.common import context as trove_context
from trove.guestagent import logs
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import base
from trove.tests.functional.objectstore import base as swift_base

#: A line of a log is not longer.
_FILLER = 'x' * 60_000


class LogTests(base.GuestTestCase):
    """Run with a datastore each."""

    place: base.Place

    def setUp(self) -> None:
        super().setUp()
        self.swift = swift_base.shared()
        conf = self.place.conf()
        conf.set_override('log_max_mb', 1, 'guestagent')
        self.server = self.store.driver(conf)
        self.addCleanup(self.server.stop)
        agent = supervisor.Supervisor(
            self.server, self.place.state_dir, lambda: None, 'boot'
        )
        agent.prepare(
            datastores.Preparation(
                memory_mb=256,
                databases=({'_name': 'shop'},),
                users=(
                    {
                        '_name': 'clerk',
                        '_password': 'secret',
                        '_databases': [{'_name': 'shop'}],
                    },
                ),
            )
        )
        self.addCleanup(agent.stop)
        self.logs = logs.Logs(conf, agent, self.place.state_dir)
        self.member = trove_context.TroveContext(project_id='p')
        self.admin = trove_context.TroveContext(project_id='a', is_admin=True)

    def act(
        self, name: str = 'general', context: Any = None, **flags: bool
    ) -> dict[str, Any]:
        return self.logs.act(
            context or self.member,
            name,
            logs.Action(**flags),
            {
                'driver': 'swift',
                'storage_url': self.swift.url,
                'token': 'token',
                'container': 'database_logs',
                'expiry': 600,
            },
        )

    def lines(self, name: str = 'general', lines: int = 0) -> list[str]:
        """Read what is published, as the client of release 26 does."""
        shown = instances.DatastoreLog(None, self.act(name, self.member))
        manager = instances.Instances(mock.Mock())
        connection = swiftclient.Connection(
            preauthurl=self.swift.url, preauthtoken='token'
        )
        self.addCleanup(connection.close)
        with mock.patch.object(manager, 'log_show', return_value=shown):
            parts = manager.log_generator('i', name, lines, connection)()
            return ''.join(parts).splitlines()

    def said(self, text: str, name: str = 'general') -> list[str]:
        """Return the published lines that have a text."""
        return [line for line in self.lines(name) if text in line]

    def work(self, text: str) -> None:
        """Have the server log a statement."""
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute(f"SELECT '{text}'")

    def wait_published(self, text: str, name: str = 'general') -> None:
        """Publish until the server has written a text."""

        def found() -> bool:
            self.act(name, publish=True)
            return bool(self.said(text, name))

        waiting.until(found, f'{text} is published', timeout=30)

    def path(self, name: str = 'general') -> pathlib.Path:
        (log,) = [each for each in self.server.logs() if each.name == name]
        return pathlib.Path(log.path)

    def test_switched_published_and_read(self) -> None:
        # Given a log that is off
        self.assertEqual('Disabled', self.act()['status'])
        self.work('unseen')
        # When it is on
        self.act(enable=True)
        self.wait_logged('first')
        # Then what is said is published, and read
        self.work('second')
        self.wait_published('second')
        self.assertEqual(1, len(self.said('second')))
        self.assertEqual([], self.said('unseen'))
        self.assertIn('second', ''.join(self.lines(lines=9)))
        self.assertEqual(
            self.lines()[-3:], self.lines(lines=3), 'tail and save'
        )
        # When the server is restarted, it is still on
        self.server.restart()
        self.work('third')
        self.wait_published('third')
        # When it is off again
        self.act(disable=True)
        self.wait_unlogged()
        self.assertEqual('Disabled', self.act()['status'])
        # And nothing is left when it is discarded
        self.act(disable=True, discard=True)
        self.assertEqual(0, self.act()['published'])

    def wait_logged(self, text: str) -> None:
        """Wait until the server logs what it is asked."""

        def logs_it() -> bool:
            self.work(text)
            return text.encode() in self.path().read_bytes()

        waiting.until(logs_it, 'the server logs statements', timeout=30)

    def wait_unlogged(self) -> None:
        def silent() -> bool:
            before = self.path().stat().st_size
            self.work('unseen, too')
            # Whatever it logs, that is there as soon as another connection
            # fails, which it logs always or never.
            self.place.can_connect('clerk', 'wrong', 'shop')
            added = self.path().read_bytes()[before:]
            return b'unseen, too' not in added

        waiting.until(silent, 'the server logs no statements', timeout=30)

    def test_one_that_grows_is_rotated_without_a_gap(self) -> None:
        self.act(enable=True)
        self.wait_logged('begin')
        self.act(publish=True)
        former = self.path().with_name(self.path().name + '.1')
        for number in range(20):
            self.work(f'{number:04} {_FILLER}')

        def is_large() -> bool:
            return self.path().stat().st_size > 1 << 20

        waiting.until(is_large, 'it has grown', timeout=30)
        # When
        self.logs.limit()
        self.wait_logged('after')
        # Then both parts are published
        self.assertGreater(former.stat().st_size, 1 << 20)
        self.assertEqual('Partial', self.act()['status'])
        self.wait_published('after')
        for number in range(20):
            self.assertEqual(1, len(self.said(f'{number:04} xxx')))
        # And the server goes on in the new one
        self.assertLess(self.path().stat().st_size, 1 << 20)

    def test_a_server_that_is_broken_into(self) -> None:
        self.act(enable=True)
        self.wait_logged('begin')
        secret = self.place.path / 'secret'
        secret.write_text('nothing for you\n')
        path = self.path()
        # When its user puts something else there
        for make in (
            lambda: path.symlink_to(secret),
            lambda: path.mkdir(),
        ):
            path.rename(path.with_name('away'))
            make()
            self.act(publish=True)
            self.logs.limit()
            path.unlink() if path.is_symlink() else path.rmdir()
            path.with_name('away').rename(path)
        # Or what is no text
        with path.open('ab') as file:
            file.write(b'\xff\x00\x1b[2J\n')
        self.wait_logged('after')
        # Then the secret is not published, and the rest is
        self.wait_published('after')
        self.assertEqual([], self.said('nothing for you'))
        self.assertEqual(1, len(self.said('?\x00\x1b[2J')))
