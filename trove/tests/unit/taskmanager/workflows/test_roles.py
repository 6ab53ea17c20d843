# SPDX-License-Identifier: Apache-2.0
"""Whoever runs again after a failed promotion is what is recorded."""

from __future__ import annotations

import time

from trove.common import exception
from trove.objects.guest import replication
from trove.objects.instance import instances
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.tests.fixtures import reports
from trove.tests.unit.taskmanager import sets

Task = states.Task


class RolesTest(sets.TestCase):
    def setUp(self):
        super().setUp()
        self.primary, (self.new,) = self.given_set(replicas=1)

    def when_promoted(self):
        self.begin(self.new)
        self.manager.promote_to_replica_source(self.context, self.new)

    def when_ejected(self):
        self.begin(self.primary, replicas.EJECT)
        self.manager.eject_replica_source(self.context, self.primary)

    def when_rebooted(self, instance_id):
        self.given_alive(instance_id)
        self.guests[instance_id].calls.clear()
        # It says so when the reboot is through.
        self.given_guest_survives_reboots(self.guests[instance_id])
        self.given_task(instance_id, Task.REBOOTING, 'reboot')
        self.manager.reboot(self.context, instance_id)

    def when_restarted(self, instance_id):
        self.guests[instance_id].calls.clear()
        self.given_task(instance_id, Task.REBOOTING, 'restart')
        self.manager.restart(self.context, instance_id)

    def given_primary_dies_read_only(self):
        def die(read_only):
            self.change(self.primary, not read_only)
            self.given_dead(self.primary)

        self.guests[self.primary].hooks['make_read_only'] = die
        self.when_promoted()
        self.assertEqual(set(), self.writable)

    def given_replica_dies_writable(self):
        def die(read_only):
            self.change(self.new, not read_only)
            self.given_dead(self.new)
            raise exception.DatastoreError(action='answer', reason='dead')

        self.guests[self.new].hooks['make_read_only'] = die
        self.when_promoted()
        self.assertEqual({self.primary}, self.writable)

    def given_no_replicas(self):
        instances.update(self.new, slave_of_id=None)

    def given_report(self, instance_id):
        reports.heard(
            instance_id,
            status=states.ServiceStatus.HEALTHY,
            guest_version='1.5',
            sent=time.time() + 60,
            replication=replication.State(follows=False),
        )

    def assert_active(self, instance_id):
        shown = self.shown(instance_id)
        self.assertEqual('ACTIVE', shown.status, shown.fault)

    def test_one_that_died_read_only_and_was_ejected(self):
        self.given_primary_dies_read_only()
        self.when_ejected()

        self.when_rebooted(self.primary)

        self.assert_active(self.primary)
        self.assertEqual({self.new, self.primary}, self.writable)
        self.assertIsNone(self.shown(self.primary).slave_of_id)

    def test_one_that_died_read_only_has_no_replicas_any_more(self):
        self.given_primary_dies_read_only()
        self.given_alive(self.primary)
        self.given_no_replicas()

        self.when_restarted(self.primary)

        self.assert_active(self.primary)
        self.assertEqual({self.primary}, self.writable)

    def test_one_that_died_read_only_stays_so_beside_its_replicas(self):
        self.given_primary_dies_read_only()

        self.when_rebooted(self.primary)

        self.assert_active(self.primary)
        self.assertEqual(set(), self.writable)
        # Its replicas can be promoted.
        self.when_promoted()
        self.assert_set(self.new, self.primary)

    def test_one_that_reports_as_a_replica_though_it_is_none(self):
        # Given: its fault went with a task that was well
        self.given_no_replicas()
        self.change(self.primary, False)
        self.given_report(self.primary)

        self.when_restarted(self.primary)

        self.assertEqual({self.primary}, self.writable)
        # And only once
        self.when_restarted(self.primary)
        self.assertEqual(['restart'], self.asked(self.primary))

    def test_one_that_does_not_obey(self):
        self.given_primary_dies_read_only()
        self.given_no_replicas()
        self.guests[self.primary].hooks['rpc_ping'] = lambda **_: None

        self.when_restarted(self.primary)

        self.assert_fault(self.primary, 'may be read-only', 'dead')

    def test_one_whose_datastore_has_no_replicas(self):
        def refuse(**_):
            raise exception.NotSupported(what='Replication')

        instances.update(self.primary, server_status='ERROR')
        self.given_no_replicas()
        self.guests[self.primary].hooks['make_read_only'] = refuse

        self.when_restarted(self.primary)

        self.assert_active(self.primary)

    def test_a_rebuilt_one_is_what_its_data_were(self):
        self.given_no_replicas()
        self.change(self.primary, False)
        guest = self.guests[self.primary]
        guest.hooks['rebuild'] = lambda **_: guest.report(
            states.ServiceStatus.HEALTHY
        )
        self.given_task(
            self.primary,
            Task.BUILDING,
            'rebuild',
            details={'image_id': 'image-2'},
        )

        self.manager.rebuild(self.context, self.primary, 'image-2')

        self.assert_active(self.primary)
        self.assertEqual({self.primary}, self.writable)

    def test_a_replica_that_was_stopped_follows_again(self):
        self.given_replica_dies_writable()

        self.when_rebooted(self.new)

        self.assert_active(self.new)
        self.assertEqual({self.primary}, self.writable)
        self.assertEqual(
            ['make_read_only', 'attach_replica'], self.asked(self.new)
        )
        self.assertEqual(self.primary, self.followed(self.new))

    def test_a_replica_that_was_stopped_and_its_primary_is_dead(self):
        self.given_replica_dies_writable()
        self.given_dead(self.primary)

        self.when_rebooted(self.new)

        self.assert_fault(
            self.new, 'does not follow its primary', 'or delete it'
        )
        self.assertNotIn(self.new, self.writable)

    def test_those_that_work_are_left_alone(self):
        for each in self.primary, self.new:
            self.when_restarted(each)

            self.assert_active(each)
            self.assertEqual(['restart'], self.asked(each))

    def test_agents_of_releases_are_left_alone(self):
        lone, guest = self.given_instance(version='1.4')
        instances.update(lone, server_status='ERROR')

        self.when_restarted(lone)

        self.assert_active(lone)
        self.assertEqual(['rpc_ping', 'restart'], guest.asked)
