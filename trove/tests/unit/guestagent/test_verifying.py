# SPDX-License-Identifier: Apache-2.0
"""Stored backups are verified, with a driver that has only bytes."""

from __future__ import annotations

import threading
from typing import Any

import fixtures

from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import bytes_only


class VerifyingTest(bytes_only.BackupsTestCase):
    """Given a backup that is stored."""

    def setUp(self) -> None:
        super().setUp()
        self.prepared()
        self.create()
        self.stored = self.outcome()

    def verify(self, **access: Any) -> None:
        self.backups.create(
            self.context,
            {
                'id': 'b1',
                'location': self.stored['location'],
                'checksum': self.stored['checksum'],
            },
            {**self.access, 'verifies': True, **access},
        )

    def told(self, number: int = 1) -> list[dict[str, str]]:
        """Wait for so many reports."""

        def found() -> list[dict[str, str]]:
            told = [
                each['verification']
                for each in self.reports()
                if 'verification' in each
            ]
            return told if len(told) == number else []

        return waiting.until(found, f'{number} reports')

    def test_it_is_read_and_its_scratch_removed(self) -> None:
        before = self.driver.dropped

        self.verify()

        self.assertEqual([{'state': 'VERIFIED'}], self.told())
        self.assertEqual([b'all of it'], self.driver.verified)
        self.assertEqual(before + 1, self.driver.dropped)
        # And the agent removes what one that was killed has left
        self.backups.start()
        self.assertEqual(before + 2, self.driver.dropped)

    def test_what_the_programs_find(self) -> None:
        def fail() -> None:
            raise exception.DatastoreError(
                action='restore it', reason='a file\nis missing'
            )

        self.driver.last = fail
        self.verify()

        (told,) = self.told()
        self.assertEqual('FAILED', told['state'])
        self.assertIn('a file is missing', told['reason'])

    def test_what_has_nothing_to_do_with_the_backup(self) -> None:
        for number, error in enumerate(
            (
                exception.NotSupported('There is no program.'),
                exception.ObjectStoreUnreachable(
                    action='read it', reason='away', remedy='Wait.'
                ),
                OSError('no'),
            ),
            1,
        ):
            def fail(error: Exception = error) -> None:
                raise error

            self.driver.last = fail
            self.verify()
            self.assertEqual('ERROR', self.told(number)[-1]['state'])

    def test_without_room(self) -> None:
        self.verify(room=1 << 60)

        (told,) = self.told()
        self.assertEqual('ERROR', told['state'])
        self.assertIn('MiB free', told['reason'])
        self.assertEqual([], self.driver.verified)

    def test_one_at_a_time_and_it_is_told_that_it_goes_on(self) -> None:
        self.useFixture(
            fixtures.MonkeyPatch('trove.guestagent.verifying._INTERVAL', 0.05)
        )
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.driver.last = lambda: go_on.wait(60) and None
        self.verify()
        waiting.until(
            lambda: self.reports()[-1].get('verification')
            == {'state': 'RUNNING'},
            'it is told that it goes on',
        )

        self.assertIn('is verified', self.backups.doing())
        self.verify()
        go_on.set()

        waiting.until(
            lambda: self.reports()[-1].get('verification')
            == {'state': 'VERIFIED'},
            'it is verified',
        )
        self.assertEqual(1, len(self.driver.verified))
