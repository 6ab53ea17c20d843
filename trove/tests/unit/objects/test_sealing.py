# SPDX-License-Identifier: Apache-2.0
"""Which guests have shown that they know seals, as it is written down."""

from __future__ import annotations

from trove.common import exception
from trove.objects import sealing
from trove.objects.guest import guest_versions
from trove.objects.instance import instances
from trove.objects.keys import instance_keys
from trove.tests.fixtures import reports
from trove.tests.unit.objects import base


class SealingTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key='i' * 32)
        self.it = self.create().id
        self.sent = 0.0

    def hear(self, version='1.5', sealed=True, seals=True):
        self.sent += 1
        reports.heard(
            self.it,
            status=None,
            guest_version=version,
            sent=self.sent,
            sealed=sealed,
            seals=seals,
        )

    def known(self):
        """Whether it is proven, permitted and held."""
        found = sealing.get(self.it)
        if found is None:
            return None
        return found.proven_at is not None, found.allowed, found.held

    def speaks(self):
        return guest_versions.guest_version(self.it)

    def test_a_sealed_heartbeat_proves_it(self):
        self.hear(sealed=False)
        self.assertIsNone(self.known())

        self.hear()
        first = sealing.get(self.it)
        self.hear()

        self.assertEqual((True, False, False), self.known())
        self.assertEqual(first, sealing.get(self.it))
        self.assertTrue(instance_keys.get(self.conf, self.it).proven)

    def test_who_announces_a_version_without_seals_takes_it_back(self):
        self.hear()
        self.hear('1.3', seals=False)

        self.assertEqual((False, False, False), self.known())
        self.assertEqual('1.3', self.speaks())

    def test_who_takes_it_back_gets_no_token(self):
        sealing.check_token(self.it)
        self.hear('1.3', sealed=False, seals=False)
        sealing.check_token(self.it)
        self.hear()
        self.hear('1.3', seals=False)

        error = self.assertRaises(
            exception.NotSupported, sealing.check_token, self.it
        )
        self.assertIn(f'sealing allow {self.it}', str(error))
        sealing.say(self.it, 'allow', 'operator', 'it was rolled back')
        sealing.check_token(self.it)

    def test_nothing_in_the_clear_lowers_what_it_announced(self):
        self.hear()

        self.hear(None, sealed=False)
        self.hear('1.0', sealed=False, seals=False)
        guest_versions.record_refuted(self.it)
        self.assertFalse(guest_versions.record_probe(self.it, '1.0'))

        self.assertEqual('1.5', self.speaks())
        self.assertEqual((True, False, False), self.known())

    def test_after_a_restart_a_probe_may_not_lower_it_either(self):
        self.hear()
        guest_versions.record_probe(self.it, None)

        self.assertFalse(guest_versions.record_probe(self.it, '1.0'))
        self.assertIsNone(self.speaks())
        self.assertTrue(
            guest_versions.record_probe(self.it, '1.5', seals=True)
        )

    def test_an_operator_permits_it(self):
        self.hear()

        sealing.say(self.it, 'allow', 'jane', 'image 12 is back')

        [found] = sealing.permitted()
        self.assertEqual(
            (self.it, True, False, 'jane', 'image 12 is back', None),
            (
                *(found.instance_id, found.allowed, found.held),
                *(found.allowed_by, found.reason, found.ended_at),
            ),
        )
        # What it announced no longer counts, and it is found out anew.
        self.assertIsNone(self.speaks())
        self.assertTrue(guest_versions.record_probe(self.it, '1.0'))
        self.assertEqual({self.it: False}, sealing.Allowed(10).get())

    def test_that_ends_with_the_next_sealed_heartbeat(self):
        self.hear()
        sealing.say(self.it, 'allow', 'jane', 'image 12 is back')
        self.hear(None, sealed=False)
        self.assertEqual((True, True, False), self.known())

        self.hear()

        self.assertEqual((True, False, False), self.known())
        self.assertEqual([], sealing.permitted())
        [ended] = sealing.permitted(ended=True)
        self.assertEqual(
            ('jane', 'a sealed heartbeat'), (ended.allowed_by, ended.ended_by)
        )

    def test_held_it_ends_when_it_is_forbidden(self):
        self.hear()
        sealing.say(self.it, 'hold', 'jane', 'going back to 26.0')
        self.hear()
        self.assertEqual((True, True, True), self.known())

        sealing.say(self.it, 'forbid', 'joe', '')

        self.assertEqual((True, False, False), self.known())
        self.assertEqual('joe', sealing.get(self.it).ended_by)

    def test_another_key_ends_both(self):
        instance_keys.create(self.conf, self.it)
        for word in 'allow', 'hold':
            self.hear()
            sealing.say(self.it, word, 'jane', 'x')
            following = instance_keys.begin_rotation(self.conf, self.it)
            instance_keys.finish_rotation(self.conf, self.it, following)

            self.assertEqual((True, False, False), self.known())
            self.assertEqual('a new key', sealing.get(self.it).ended_by)

    def test_what_makes_no_sense_is_refused(self):
        for word in 'allow', 'hold', 'forbid':
            error = self.assertRaises(
                exception.Conflict, sealing.say, self.it, word, 'jane', 'x'
            )
            self.assertIn(self.it, str(error))
            self.assertRaises(
                exception.InstanceNotFound,
                sealing.say,
                'nobody',
                word,
                'jane',
                'x',
            )
        self.hear()
        self.assertRaises(
            exception.Conflict, sealing.say, self.it, 'forbid', 'jane', ''
        )

    def test_it_goes_with_the_instance(self):
        self.hear()
        instances.mark_deleted(self.it)

        self.assertIsNone(sealing.get(self.it))
