# SPDX-License-Identifier: Apache-2.0
"""Logs of databases, by the commands of users."""

from __future__ import annotations

import json
from typing import Any

from trove.tests.functional.deployed import base


class LogTest(base.DeployedTestCase):
    """Given a directory as the object store."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.instance()

    def log(self, *arguments: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.openstack('database', 'log', *arguments)
        return shown

    def set(self, *flags: str) -> dict[str, Any]:
        return self.log('set', self.made.id, 'general', *flags)

    def published(self) -> str:
        """What is stored, without the description of the log."""
        directory = self.deployment.directory / 'backups' / 'database_logs'
        return ''.join(
            path.read_text()
            for path in sorted(directory.rglob('log-*'))
            if self.made.id in str(path)
        )

    def ask(self, text: str) -> None:
        root, password = self.member.root.create(self.made.id)
        with self.connect(self.made, root, password) as session:
            session.execute(f"SELECT '{text}'")  # type: ignore[arg-type]

    def test_enabled_published_and_discarded(self) -> None:
        # Given
        (log,) = self.log('list', self.made.id)
        self.assertEqual(
            ('general', 'Disabled'), (log['Name'], log['Status'])
        )
        # When
        self.set('--enable')

        def is_published() -> bool:
            self.ask('here I am')
            self.set('--publish')
            return 'here I am' in self.published()

        self.eventually(is_published, 'what is logged is published')
        # Then
        shown = self.log('show', self.made.id, 'general')
        self.assertEqual('database_logs', shown['container'])
        prefix = f'{self.made.id}/postgresql-general/'
        self.assertEqual(prefix, shown['prefix'])
        self.assertGreaterEqual(
            shown['published'], len(self.published().encode())
        )
        # And nobody reads the password of root there
        _, password = self.member.root.create(self.made.id)
        self.set('--publish')
        self.assertNotIn(password, self.published())
        # When
        shown = self.set('--disable', '--discard')
        # Then
        self.assertEqual('Disabled', shown['status'])
        self.assertEqual('', self.published())

    def test_those_of_administrators(self) -> None:
        def shown(admin: bool) -> str:
            done = self.run_openstack(
                'database',
                'log',
                'set',
                self.made.id,
                'guest',
                '--publish',
                '-f',
                'json',
                admin=admin,
            )
            return done.stdout + done.stderr

        self.assertIn('administrators only', shown(admin=False))
        self.assertEqual('SYS', json.loads(shown(admin=True))['type'])
        self.assertIn('trove', self.published())
