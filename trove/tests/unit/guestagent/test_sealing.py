# SPDX-License-Identifier: Apache-2.0
"""What the guest has seen sealed: over restarts, and until it is told."""

from __future__ import annotations

import pathlib
import time

import fixtures

from trove.guestagent import sealing
from trove.tests import base

INTERVAL = 10.0
GRACE = sealing.GRACE * INTERVAL


class SealingTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = self.directory / sealing.FILE

    def start(self, key_id: str = 'one') -> sealing.Sealing:
        return sealing.Sealing(self.directory, key_id, lambda: INTERVAL)

    def later(self, seconds: float, wall: float | None = None) -> None:
        """Time passes; the clock of the machine may go otherwise."""
        then = time.monotonic() + seconds
        clock = time.time() + (seconds if wall is None else wall)
        for name, value in ('monotonic', then), ('time', clock):
            self.useFixture(
                fixtures.MonkeyPatch(
                    f'trove.guestagent.sealing.time.{name}', lambda v=value: v
                )
            )

    def assertTakes(self, held: sealing.Sealing, taken: bool) -> None:
        self.assertEqual(taken, held.released_allowed(conductors=False))

    def assertSends(self, held: sealing.Sealing, sent: bool) -> None:
        self.assertEqual(sent, held.released_allowed(conductors=True))

    def test_a_new_guest_knows_nothing(self) -> None:
        held = self.start()

        self.assertTakes(held, True)
        self.assertSends(held, True)

    def test_after_something_sealed_it_takes_nothing_else(self) -> None:
        held = self.start()
        held.received()

        # Not all who send have noticed that it knows better.
        self.assertTakes(held, True)
        self.later(GRACE + 1)

        self.assertTakes(held, False)
        # What conductors know, that does not say.
        self.assertSends(held, True)

    def test_it_outlasts_the_agent(self) -> None:
        self.start().received()
        self.later(GRACE + 1)

        self.assertTakes(self.start(), False)

    def test_a_clock_that_is_put_back_gives_no_more_time(self) -> None:
        held = self.start()
        held.received()

        self.later(GRACE + 1, wall=-3600.0)

        self.assertTakes(held, False)

    def test_another_key_begins_anew(self) -> None:
        self.start().received()
        self.later(GRACE + 1)

        self.assertTakes(self.start('two'), True)

    def test_conductors_that_know_seals_are_sent_nothing_else(self) -> None:
        held = self.start()
        held.answered(seals=True, held=False)

        for each in held, self.start():
            self.assertSends(each, False)

    def test_conductors_may_say_that_others_do_not_know_them(self) -> None:
        held = self.start()
        held.answered(seals=True, held=False)
        held.answered(seals=False, held=False)

        for each in held, self.start():
            self.assertSends(each, True)

    def test_what_an_operator_allows_until_it_is_revoked(self) -> None:
        held = self.start()
        held.received()
        held.answered(seals=True, held=True)
        self.later(GRACE + 1)

        for each in held, self.start():
            self.assertTakes(each, True)
            self.assertSends(each, True)
        self.assertIn('An operator allows', self.logs.output)

        held.answered(seals=True, held=False)
        for each in held, self.start():
            self.assertTakes(each, False)
            self.assertSends(each, False)

    def test_closed_when_in_doubt(self) -> None:
        self.file.write_text('{"first": "one"')

        held = self.start()

        self.assertTakes(held, False)
        self.assertSends(held, False)
        self.assertIn('remove the file', self.logs.output)

    def test_a_full_disk_is_told_and_it_holds_meanwhile(self) -> None:
        def write_json(*_: object) -> None:
            raise OSError('no space left')

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.guestagent.sealing.files.write_json', write_json
            )
        )
        held = self.start()
        held.received()
        self.later(GRACE + 1)

        self.assertTakes(held, False)
        self.assertIn('Free space', self.logs.output)

    def test_nobody_else_may_read_it(self) -> None:
        self.start().received()

        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
