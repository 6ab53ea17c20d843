# SPDX-License-Identifier: Apache-2.0
"""The keys of the control plane: found, remembered, and refused."""

from __future__ import annotations

from unittest import mock

import fixtures
from oslo_db import exception as oslo_db_exception

from trove.common import exception
from trove.objects.keys import instance_keys
from trove.peers import control_keys
from trove.tests.unit.objects import base
from trove.tests.unit.peers import keyring


class ControlKeysTest(keyring.KeysTestCase):
    def later(self, seconds):
        """For what a service remembers."""
        now = control_keys.time.monotonic() + seconds
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.peers.control_keys.time.monotonic', lambda: now
            )
        )

    def counting(self):
        """How often the database is asked."""
        return self.useFixture(
            fixtures.MockPatchObject(
                control_keys.instance_keys, 'get', wraps=instance_keys.get
            )
        ).mock

    def opening(self, fresh=False):
        return list(
            self.held.opening('conductor', self.instance_id, fresh=fresh)
        )

    def test_each_missing_key_is_told_with_the_remedy(self):
        for option in 'taskmanager_rpc_encr_key', 'inst_rpc_key_encr_key':
            for value in '', None:
                self.config(**{option: value})

                error = self.assertRaises(
                    exception.ConfigurationError, control_keys.make, self.conf
                )

                self.assertIn(option, str(error))
                self.assertIn('trove-manage generate_keys', str(error))
            self.config(**{option: 'x' * 32})

    def test_any_error_of_the_database_is_one_that_callers_know(self):
        self.config(group='conductor', database_retries=1)
        self.useFixture(
            fixtures.MockPatchObject(
                control_keys.instance_keys,
                'get',
                side_effect=oslo_db_exception.DBError('no disk'),
            )
        )

        for ask in (
            lambda: self.held.opening('conductor', self.instance_id),
            lambda: self.held.clear_allowed('conductor', self.instance_id),
            lambda: self.held.sealing('guestagent', self.instance_id),
        ):
            self.assertRaises(exception.ServiceUnavailable, ask)

    def test_defaults_of_releases_are_taken_with_a_warning(self):
        self.assertNotIn('everybody knows', self.logs.output)

        self.config(
            inst_rpc_key_encr_key='emYjgHFqfXNB1NGehAFIUeoyw4V4XwWHEaKP'
        )
        control_keys.make(self.conf)

        self.assertIn('inst_rpc_key_encr_key is the', self.logs.output)
        self.assertNotIn('emYj', self.logs.output)

    def test_when_nothing_is_encrypted_none_is_needed(self):
        self.config(
            enable_secure_rpc_messaging=False, inst_rpc_key_encr_key=None
        )

        self.assertIsNone(control_keys.make(self.conf))

    def test_services_share_one_and_each_guest_has_its_own(self):
        own = self.given_key()

        self.assertEqual(
            keyring.SHARED, self.held.sealing('taskmanager', None)
        )
        self.assertEqual(
            (keyring.SHARED,), self.held.opening('taskmanager', None)
        )
        self.assertEqual(
            own, self.held.sealing('guestagent', self.instance_id)
        )
        self.assertEqual([own], self.opening())

    def test_in_the_name_of_a_guest(self):
        own = self.given_key()

        held = control_keys.ControlKeys(self.conf, identity=self.instance_id)

        self.assertEqual(self.instance_id, held.identity)
        self.assertEqual(own, held.sealing('conductor', None))

    def test_instance_that_is_not_there_opens_nothing(self):
        self.instance_id = 'i-2'

        self.assertEqual([], self.opening())
        error = self.assertRaises(
            exception.SealError, self.held.sealing, 'guestagent', 'i-2'
        )
        self.assertIn('i-2', str(error))
        self.assertFalse(self.held.clear_allowed('conductor', 'i-2'))

    def test_only_who_has_no_key_may_speak_in_the_clear(self):
        for key, allowed in ((False, True), (True, False)):
            if key:
                self.given_key()
            self.held = control_keys.ControlKeys(self.conf)
            for sender in self.instance_id, None:
                self.assertEqual(
                    allowed, self.held.clear_allowed('conductor', sender)
                )
            self.assertFalse(self.held.clear_allowed('taskmanager', None))
        self.assertIsNotNone(self.held.sealing('guestagent', self.instance_id))

    def test_what_is_read_is_remembered_for_a_while(self):
        self.given_key()
        asked = self.counting()

        for _ in range(5):
            self.opening()
        self.assertEqual(1, asked.call_count)

        self.later(control_keys._LIFETIME + 1)
        self.opening()
        self.assertEqual(2, asked.call_count)

    def test_key_that_is_newer_than_what_is_remembered_opens(self):
        self.given_key()
        old = self.opening()
        new = instance_keys.begin_rotation(self.conf, self.instance_id)

        self.assertEqual(old, self.opening())
        self.assertEqual([*old, new], self.opening(fresh=True))

    def test_that_there_is_no_key_is_hardly_remembered(self):
        self.assertEqual([], self.opening())
        own = self.given_key()

        self.later(2)

        self.assertEqual([own], self.opening())
        self.assertFalse(
            self.held.clear_allowed('conductor', self.instance_id)
        )

    def test_strangers_do_not_fill_the_memory(self):
        self.useFixture(
            fixtures.MockPatchObject(control_keys, '_MAX_ABSENT', 10)
        )

        for number in range(50):
            self.held.opening('conductor', f'i-{number}')

        self.assertEqual(10, len(self.held._absent))
        self.assertEqual(0, len(self.held._known))

    def test_many_at_once_get_the_same(self):
        own = self.given_key()

        got = base.at_once(*[self.opening] * 8)

        self.assertEqual([[own]] * 8, got)

    def test_database_that_is_away_for_a_moment_loses_no_message(self):
        own = self.given_key()
        away = exception.ServiceUnavailable(what='The database')
        self.counting().side_effect = [away, away, mock.DEFAULT]

        self.assertEqual([own], self.opening())

    def test_key_that_cannot_be_decrypted_is_told_without_showing_it(self):
        own = self.given_key()
        self.config(inst_rpc_key_encr_key='X' * 32)

        error = self.assertRaises(
            exception.SealError,
            self.held.sealing,
            'guestagent',
            self.instance_id,
        )

        self.assertIn('inst_rpc_key_encr_key', str(error))
        for word in own, 'X' * 32:
            self.assertNotIn(word, str(error))
