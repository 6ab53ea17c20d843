# SPDX-License-Identifier: Apache-2.0
"""What guests speak: announced, probed, refuted."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.guest import fleet
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.objects.instance import instances
from trove.tests.fixtures import statements
from trove.tests.unit.objects import base

NOW = 2_000_000_000.0


class TestSpoken(base.TestCase):
    def known(self, instance_id):
        return (
            guest_versions.guest_version(instance_id),
            guest_versions.guest_release(instance_id),
            self.get(instance_id).guest_announces,
        )

    def test_a_guest_announces_its_release_as_well(self):
        made = self.create()

        self.beat(made.id, version='1.5 27.0.0')

        self.assertEqual(('1.5', '27.0.0', True), self.known(made.id))
        self.assertEqual('1.5', self.get(made.id).guest_version)
        self.assertEqual('27.0.0', self.get(made.id).guest_release)
        self.assertEqual('1.5', heartbeats.heartbeat(made.id).guest_version)

    def test_or_several_majors_or_no_release(self):
        made = self.create()

        self.beat(made.id, version='1.5,2.0 28.0.0')
        self.assertEqual(('1.5,2.0', '28.0.0', True), self.known(made.id))

        self.beat(made.id, version='1.0/victoria')
        self.assertEqual(('1.0/victoria', None, True), self.known(made.id))

    def test_what_a_probe_found_stays_while_the_guest_is_silent_about_it(self):
        made = self.create()

        self.assertTrue(guest_versions.record_probe(made.id, '1.1'))
        self.beat(made.id, version=None)

        self.assertEqual(('1.1', None, False), self.known(made.id))

    def test_an_announcement_goes_before_a_probe(self):
        made = self.create()
        guest_versions.record_probe(made.id, '1.1')

        self.beat(made.id, version='1.5 27.0.0')

        self.assertEqual(('1.5', '27.0.0', True), self.known(made.id))
        self.assertFalse(guest_versions.record_probe(made.id, '1.1'))
        self.assertEqual(('1.5', '27.0.0', True), self.known(made.id))

    def test_what_is_refuted_is_forgotten_announced_or_not(self):
        made = self.create()
        for learn in (
            lambda: guest_versions.record_probe(made.id, '1.1'),
            lambda: self.beat(made.id, version='1.5 27.0.0'),
        ):
            learn()

            self.assertTrue(guest_versions.record_probe(made.id, None))

            self.assertEqual((None, None, False), self.known(made.id))

    def former(self, instance_id):
        found = fleet.guest(self.conf, instance_id)
        return found.announced, found.former

    def test_what_was_refused_stays_known_until_it_is_announced(self):
        made = self.create()
        self.beat(made.id, version='1.5 27.0.0', sent=NOW)

        guest_versions.record_refuted(made.id)
        self.assertEqual((None, None, False), self.known(made.id))
        self.assertEqual((None, '1.5'), self.former(made.id))
        guest_versions.record_probe(made.id, '1.3')
        guest_versions.record_refuted(made.id)
        guest_versions.record_probe(made.id, '1.1')

        # Also when it goes on without announcing anything
        self.beat(made.id, sent=NOW + 1, version=None)
        self.assertEqual(('1.1', '1.5'), self.former(made.id))
        self.beat(made.id, sent=NOW + 2, version='1.4 27.0.0')
        self.assertEqual(('1.4', None), self.former(made.id))

    def test_who_is_going_to_be_another_one_has_refused_nothing(self):
        made = self.create()
        self.beat(made.id, version='1.5 27.0.0')
        guest_versions.record_refuted(made.id)

        guest_versions.record_probe(made.id, None)
        guest_versions.record_probe(made.id, '1.3')

        self.assertEqual(('1.3', None), self.former(made.id))

    def test_who_never_spoke_has_refused_nothing(self):
        made = self.create()

        for instance_id in made.id, 'nope':
            guest_versions.record_refuted(instance_id)

        self.assertEqual((None, None), self.former(made.id))

    def test_another_probe_replaces_the_former_one(self):
        made = self.create()
        guest_versions.record_probe(made.id, '1.1')

        guest_versions.record_probe(made.id, '1.3')

        self.assertEqual('1.3', guest_versions.guest_version(made.id))

    def test_a_guest_cannot_pass_for_probed(self):
        made = self.create()

        self.beat(made.id, version='1.5 probed')

        self.assertEqual(('1.5', None, True), self.known(made.id))

    def test_a_probe_does_not_make_a_silent_guest_look_alive(self):
        made = self.ready()
        long_ago = timeutils.utcnow() - datetime.timedelta(hours=1)
        with session.writer() as db:
            db.execute(
                sa.update(models.AgentHeartbeat).values(
                    updated_at=long_ago.replace(microsecond=0),
                    guest_agent_version=None,
                )
            )

        guest_versions.record_probe(made.id, '1.1')

        self.assertEqual(
            long_ago.replace(microsecond=0), self.get(made.id).heard_at
        )

    def test_unknown_instances(self):
        gone = self.create()
        instances.mark_deleted(gone.id)

        for instance_id in (gone.id, 'nope'):
            self.assertFalse(guest_versions.record_probe(instance_id, '1.1'))
            self.assertIsNone(guest_versions.guest_version(instance_id))

    def test_probes_and_heartbeats_at_once(self):
        made = self.create()

        got = base.at_once(
            lambda: guest_versions.record_probe(made.id, '1.1'),
            lambda: guest_versions.record_probe(made.id, '1.1'),
            lambda: self.beat(made.id, version='1.5 27.0.0'),
        )

        self.assertEqual(set(), set(got) - {True, False})
        self.assertEqual('1.5', guest_versions.guest_version(made.id))

    def test_it_takes_one_look_up(self):
        made = self.ready()

        with statements.selects() as seen:
            guest_versions.guest_version(made.id)

        self.assertEqual(1, len(seen), seen)
