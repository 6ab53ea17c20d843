# SPDX-License-Identifier: Apache-2.0
"""The keys of a guest: from its birth, through rotations and restarts."""

from __future__ import annotations

import json
import pathlib
import stat
import time

import fixtures

from trove.common import crypto
from trove.common import exception
from trove.guestagent import guest_keys
from trove.tests import base

BORN = 'B' * 32
FIRST = 'F' * 32
SECOND = 'S' * 32

OVERLAP = 600


class KeysTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = self.directory / 'state' / guest_keys.FILE
        self.config(
            enable_secure_rpc_messaging=True,
            guest_id='i1',
            instance_rpc_encr_key=BORN,
            rpc_key_overlap=OVERLAP,
        )
        self.config(state_dir=str(self.file.parent), group='guestagent')

    def start(self) -> guest_keys.GuestKeys:
        """As the agent does, when it is started anew."""
        made = guest_keys.make(self.conf)
        assert made is not None
        return made

    def later(self, seconds: float) -> None:
        then = time.time() + seconds
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.guestagent.guest_keys.time.time', lambda: then
            )
        )

    def full_disk(self) -> fixtures.MonkeyPatch:
        def write_json(*_: object) -> None:
            raise OSError('no space left')

        return fixtures.MonkeyPatch(
            'trove.guestagent.guest_keys.files.write_json', write_json
        )

    def assertKeys(self, held: guest_keys.GuestKeys, *wanted: str) -> None:
        self.assertEqual(wanted[0], held.sealing('conductor', None))
        self.assertEqual(list(wanted), list(held.opening('guestagent', 'i1')))


class StartTest(KeysTestCase):
    def test_the_first_key_is_in_guest_info_conf(self) -> None:
        held = self.start()

        self.assertKeys(held, BORN)
        self.assertEqual('i1', held.identity)
        self.assertFalse(held.clear_allowed('guestagent', 'i1'))

    def test_without_a_key_it_does_not_start(self) -> None:
        self.config(instance_rpc_encr_key=None)

        error = self.assertRaises(exception.ConfigurationError, self.start)

        self.assertIn('guest_info.conf', str(error))

    def test_when_nothing_is_encrypted_none_is_needed(self) -> None:
        self.config(
            enable_secure_rpc_messaging=False, instance_rpc_encr_key=None
        )

        self.assertIsNone(guest_keys.make(self.conf))


class RotationTest(KeysTestCase):
    def test_both_keys_are_taken_and_the_new_one_is_used(self) -> None:
        held = self.start()

        held.rotate(FIRST)

        self.assertKeys(held, FIRST, BORN)

    def test_it_survives_the_agent(self) -> None:
        self.start().rotate(FIRST)

        self.assertKeys(self.start(), FIRST, BORN)

    def test_nobody_else_may_read_them(self) -> None:
        self.start().rotate(FIRST)

        self.assertEqual(0o600, stat.S_IMODE(self.file.stat().st_mode))
        self.assertNotIn(FIRST, self.logs.output)

    def test_a_directory_that_others_pass_through_stays_open(self) -> None:
        self.file.parent.mkdir(mode=0o710)

        self.start().rotate(FIRST)

        mode = stat.S_IMODE(self.file.parent.stat().st_mode)
        self.assertEqual(0o710, mode)

    def test_repeating_it_changes_nothing(self) -> None:
        held = self.start()
        for _ in range(3):
            held.rotate(FIRST)

        self.assertKeys(held, FIRST, BORN)

    def test_old_key_is_taken_until_the_new_one_was_seen(self) -> None:
        # For the control plane may not know that the guest has it.
        held = self.start()
        held.rotate(FIRST)
        held.opened('guestagent', 'i1', BORN, sealed=True)

        self.later(100 * OVERLAP)

        self.assertKeys(held, FIRST, BORN)
        self.assertKeys(self.start(), FIRST, BORN)

    def test_and_for_the_overlap_after_that(self) -> None:
        held = self.start()
        held.rotate(FIRST)

        held.opened('guestagent', 'i1', FIRST, sealed=True)

        self.later(OVERLAP - 10)
        self.assertKeys(held, FIRST, BORN)
        self.later(OVERLAP + 10)
        self.assertKeys(held, FIRST)
        self.assertKeys(self.start(), FIRST)

    def test_next_rotation(self) -> None:
        held = self.start()
        held.rotate(FIRST)
        held.rotate(SECOND)
        self.assertKeys(held, SECOND, FIRST, BORN)

        held.opened('guestagent', 'i1', SECOND, sealed=True)
        self.later(OVERLAP + 10)

        self.assertKeys(held, SECOND)

    def test_key_that_is_none_is_refused_without_showing_it(self) -> None:
        held = self.start()

        for key in ('', 'sesame', 'sesame' * 5 + '\n', None, ['s' * 40]):
            error = self.assertRaises(exception.BadRequest, held.rotate, key)
            self.assertNotIn('sesame', str(error))

        self.assertKeys(held, BORN)

    def test_when_it_cannot_be_kept_it_is_not_used(self) -> None:
        held = self.start()

        with self.full_disk():
            error = self.assertRaises(exception.SealError, held.rotate, FIRST)

        self.assertIn('no space left', str(error))
        self.assertKeys(held, BORN)
        held.rotate(FIRST)
        self.assertKeys(held, FIRST, BORN)

    def test_message_is_taken_even_if_that_cannot_be_noted(self) -> None:
        held = self.start()
        held.rotate(FIRST)

        with self.full_disk():
            held.opened('guestagent', 'i1', FIRST, sealed=True)
        self.later(OVERLAP + 10)

        self.assertKeys(held, FIRST, BORN)
        self.assertIn('no space left', self.logs.output)

    def test_new_key_in_guest_info_conf_holds(self) -> None:
        self.start().rotate(FIRST)

        self.config(instance_rpc_encr_key=SECOND)

        self.assertKeys(self.start(), SECOND)
        self.assertIn('removing those in', self.logs.output)

    def test_damaged_file_is_told_and_not_passed_over(self) -> None:
        self.file.parent.mkdir()
        for text in (
            '{',
            '{"keys": 1}',
            json.dumps({'first': crypto.key_id(BORN), 'keys': [{'key': 1}]}),
        ):
            self.file.write_text(text)

            error = self.assertRaises(exception.ConfigurationError, self.start)

            self.assertIn(str(self.file), str(error))
