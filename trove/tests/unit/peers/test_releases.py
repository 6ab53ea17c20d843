# SPDX-License-Identifier: Apache-2.0
"""The facts about what released clients send."""

from __future__ import annotations

from trove.peers import releases
from trove.tests import base


class SentTest(base.TestCase):
    def sent(self, interface, release, method):
        """What is sent by that name: version and arguments, or None."""
        for each in releases.sent(interface, release):
            if each.method == method:
                return each.version, each.arguments
        return None

    def test_the_releases(self):
        self.assertEqual(8, min(releases.SERIES))
        self.assertEqual('pike', releases.SERIES[8])
        self.assertEqual('2026.2', releases.SERIES[26])
        # No package of them was ever published.
        self.assertFalse({9, 10} & set(releases.SERIES))

    def test_what_changed_with_the_version_of_a_later_release(self):
        self.assertEqual(
            ('1.0', ('config_contents', 'ds_version')),
            self.sent('guestagent', 14, 'start_db_with_conf_changes'),
        )
        self.assertEqual(
            ('1.1', ('config_contents', 'ds_version')),
            self.sent('guestagent', 15, 'start_db_with_conf_changes'),
        )

    def test_arguments_that_went(self):
        self.assertEqual(
            ('1.0', ('do_not_start_on_reboot',)),
            self.sent('guestagent', 13, 'stop_db'),
        )
        self.assertEqual(('1.0', ()), self.sent('guestagent', 14, 'stop_db'))
        self.assertEqual(('1.1', ()), self.sent('guestagent', 26, 'stop_db'))

    def test_what_a_release_does_not_have_yet(self):
        self.assertIsNone(self.sent('guestagent', 25, 'ssl_show'))
        self.assertEqual(('1.3', ()), self.sent('guestagent', 26, 'ssl_show'))

    def test_fields_without_names_of_their_own(self):
        self.assertEqual(
            ('1.0', ('instance_id', 'backup_id', 'sent')),
            self.sent('conductor', 26, 'update_backup'),
        )
