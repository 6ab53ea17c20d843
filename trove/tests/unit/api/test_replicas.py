# SPDX-License-Identifier: Apache-2.0
"""Replicas: create, promote, eject their primary, detach."""

from __future__ import annotations

import oslo_messaging

from trove.db import session
from trove.objects import clock
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.backup import work
from trove.objects.guest import replication
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.unit.api import base

PROMOTE = {'promote_to_replica_source': {}}
EJECT = {'eject_replica_source': {}}
FORCED = {'reset_status': {'force_delete': True}}


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.primary = self.active()

    def ask(self, **values):
        body = {'name': 'copy', 'replica_of': self.primary.id} | values
        return self.post('/instances', {'instance': body})

    def replica(self):
        made = self.active(name='copy')
        instances.update(made.id, slave_of_id=self.primary.id)
        return made

    def shown(self, instance):
        return instances.get(self.context(), instance.id)

    def act(self, instance, body):
        return self.post(f'/instances/{instance.id}/action', body)

    def assert_idle(self, *some):
        for each in some:
            self.assertTrue(self.shown(each).task.is_idle)
            self.assertIsNone(workflows.get_workflow(each.id))


class ResizeTest(TestCase):
    BODY = {'resize': {'volume': {'size': 4}}}

    def test_the_replicas_take_part(self):
        replica = self.replica()

        response = self.act(self.primary, self.BODY)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual(['resize_volume'], self.transport.methods())
        for each in (self.primary, replica):
            task = self.shown(each).task
            self.assertIs(states.Task.RESIZING, task)

    def test_a_quota_that_is_too_small_for_all(self):
        replica = self.replica()
        quota.set_limits(self.conf, base.PROJECT, {'volumes': 7})

        response = self.act(self.primary, self.BODY)

        self.assert_fault(response, 413, 'overLimit', 'volumes')
        self.assert_idle(self.primary, replica)

    def test_a_replica_that_is_busy(self):
        replica = self.replica()
        self.act(replica, {'restart': {}})

        response = self.act(self.primary, self.BODY)

        self.assert_fault(response, 409, 'conflict', replica.id)
        self.assert_idle(self.primary)

    def test_a_broker_that_is_gone(self):
        replica = self.replica()
        self.broker_is_gone()

        response = self.act(self.primary, self.BODY)

        self.assertEqual(503, response.status_code)
        self.assert_idle(self.primary, replica)


class CreateTest(TestCase):
    def test_task_managers_are_told(self):
        response = self.ask()

        self.assertEqual(200, response.status_code, response.text)
        view = response.json['instance']
        self.assertEqual(self.primary.id, view['replica_of']['id'])
        self.assertEqual(
            ['create_backup', 'create_instance'], self.transport.methods()
        )
        backup, build = (sent[2] for sent in self.transport.sent)
        info = backup['backup_info']
        self.assertEqual(self.primary.id, backup['instance_id'])
        self.assertTrue(info['for_replica'])
        self.assertEqual('full', info['backup_type'])
        self.assertEqual(info['id'], build['backup_id'])
        self.assertEqual(self.primary.id, build['slave_of_id'])
        self.assertEqual([], build['users'])
        self.assertEqual(
            str(self.primary.flavor_id), str(build['flavor']['id'])
        )
        self.assertEqual(self.primary.volume_size, build['volume_size'])
        shown = self.get(f'/instances/{self.primary.id}').json['instance']
        self.assertEqual(
            [view['id']], [each['id'] for each in shown['replicas']]
        )
        self.assertEqual('BACKUP', shown['status'])

    def test_several_are_built_of_one_backup(self):
        response = self.ask(replica_count=3)

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual('copy-1', response.json['instance']['name'])
        self.assertEqual(
            ['create_backup', *['create_instance'] * 3],
            self.transport.methods(),
        )
        sent = [each[2] for each in self.transport.sent[1:]]
        self.assertEqual(
            ['copy-1', 'copy-2', 'copy-3'], [each['name'] for each in sent]
        )
        self.assertEqual(1, len({each['backup_id'] for each in sent}))

    def test_what_a_replica_has_from_its_primary(self):
        for key, value in (
            ('flavorRef', '1'),
            ('volume', {'size': 1}),
            ('datastore', {'type': 'postgresql'}),
            ('databases', [{'name': 'shop'}]),
            ('users', [{'name': 'ann', 'password': 'secret'}]),
        ):
            self.assert_refused(self.ask(**{key: value}), f'omit "{key}"')
        self.assertEqual([], self.transport.sent)

    def test_who_may_have_no_replicas(self):
        response = self.ask(replica_of=self.replica().id)
        self.assert_refused(response, 'is a replica of', self.primary.id)

        foreign = self.active(project=base.OTHER_PROJECT).id
        response = self.ask(replica_of=foreign)
        self.assert_fault(response, 404, 'itemNotFound', foreign)

        built = self.building().id
        response = self.ask(replica_of=built)
        self.assert_fault(
            response, 422, 'unprocessableEntity', 'being built'
        )
        self.assertEqual([], self.transport.sent)

    def test_a_number_without_a_primary(self):
        response = self.post('/instances', self.order(replica_count=2))

        self.assert_refused(response, 'there is no "replica_of"')

    def assert_nothing_left(self):
        self.assert_idle(self.primary)
        self.assertEqual((), self.shown(self.primary).replicas)
        found, _ = backups.list_(limit=9, instance_id=self.primary.id)
        self.assertEqual([], found)
        used = {
            each.resource: each.in_use
            for each in quota.usages(self.conf, base.PROJECT)
        }
        self.assertEqual((1, 0), (used['instances'], used['backups']))

    def test_a_quota_that_is_used_up_leaves_nothing(self):
        self.config(max_instances_per_tenant=2)

        response = self.ask(replica_count=3)

        self.assert_fault(response, 413, 'overLimit')
        self.assert_nothing_left()

    def test_a_broker_that_is_gone_leaves_nothing(self):
        self.broker_is_gone()

        response = self.ask(replica_count=2)

        self.assertEqual(503, response.status_code)
        self.assert_nothing_left()

    def test_a_message_that_is_lost_is_sent_by_recovery(self):
        self.transport.errors['create_instance'] = (
            oslo_messaging.MessageDeliveryFailure('lost')
        )

        response = self.ask()

        self.assertEqual(200, response.status_code, response.text)
        job = workflows.get_workflow(response.json['instance']['id'])
        self.assertEqual(self.primary.id, job.details['slave_of_id'])
        self.assertTrue(job.details['backup_id'])
        self.assertEqual(
            work.CREATE, workflows.get_workflow(self.primary.id).action
        )


class StateTest(TestCase):
    """What guests report of replication."""

    def setUp(self):
        super().setUp()
        self.copy = self.replica()

    def given(self, **values):
        state = replication.State(**{'follows': True} | values)
        with session.writer() as db:
            now = clock.now(db)
            replication.write(db, [(self.copy.id, state)], now)

    def views(self):
        """The entries of a replica, as it and its primary show them."""
        replica, primary = (
            self.get(f'/instances/{each.id}').json['instance']
            for each in (self.copy, self.primary)
        )
        (entry,) = primary['replicas']
        for view in (replica['replica_of'], entry):
            view.pop('id')
            view.pop('links')
        self.assertEqual(replica['replica_of'], entry)
        return entry

    def test_it_is_shown(self):
        self.assertEqual({'state': 'unknown'}, self.views())
        self.given(lag=1.234)
        view = self.views()
        self.assertTrue(view.pop('reported'))
        self.assertEqual({'state': 'following', 'lag': 1.2}, view)
        self.given(follows=False, errant='0-1-7', error='no such row')
        view = self.views()
        self.assertEqual(
            ('stopped', None, '0-1-7', 'no such row'),
            (
                view['state'],
                view['lag'],
                view['errant_transactions'],
                view['error'],
            ),
        )
        # It says nothing of instances without replication, and of lists.
        other = self.get(f'/instances/{self.active().id}').json['instance']
        self.assertNotIn('replica_of', other)
        listed = self.get('/instances').json['instances']
        for each in listed:
            self.assertNotIn('state', each.get('replica_of', {}))

    def test_one_that_lags_too_far_is_not_promoted(self):
        self.config(promote_max_lag=5)
        self.given(lag=5.9)

        response = self.act(self.copy, PROMOTE)

        self.assert_fault(
            response, 422, 'unprocessableEntity', 'lags 6 seconds', '5'
        )
        self.assert_idle(self.primary, self.copy)
        self.given(lag=4.0)
        self.assertEqual(202, self.act(self.copy, PROMOTE).status_code)

    def test_one_with_transactions_of_its_own_is_not_promoted(self):
        self.given(errant='0-1-7')

        self.assert_refused(self.act(self.copy, PROMOTE), '0-1-7', 'detach')
        self.assert_idle(self.primary, self.copy)


class RegroupTest(TestCase):
    def test_a_promotion(self):
        one, two = self.replica(), self.replica()

        response = self.act(one, PROMOTE)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual(
            ['promote_to_replica_source'], self.transport.methods()
        )
        for each in self.primary, one, two:
            self.assertEqual('PROMOTE', self.shown(each).status)
        # And nothing else is begun on any of them.
        for each in self.primary, one, two:
            for body in ({'restart': {}}, PROMOTE, FORCED):
                response = self.act(each, body)
                self.assertIn(response.status_code, (400, 409))
            response = self.delete(f'/instances/{each.id}')
            self.assert_fault(response, 409, 'conflict', 'Promoting')

    def test_a_promotion_that_is_not_sent(self):
        one, two = self.replica(), self.replica()

        self.broker_is_gone()

        response = self.act(one, PROMOTE)

        self.assertEqual(503, response.status_code)
        self.assert_idle(self.primary, one, two)

    def test_who_is_not_promoted(self):
        self.assert_refused(
            self.act(self.primary, PROMOTE), 'is not a replica'
        )
        replica = self.replica()
        self.act(self.primary, {'restart': {}})
        response = self.act(replica, PROMOTE)
        self.assert_fault(response, 409, 'conflict', self.primary.id)

    def test_an_ejection(self):
        replica = self.replica()
        self.is_silent(self.primary, 1000)

        response = self.act(self.primary, EJECT)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual(['eject_replica_source'], self.transport.methods())
        for each in self.primary, replica:
            self.assertEqual('EJECT', self.shown(each).status)

    def test_who_is_not_ejected(self):
        self.is_silent(self.primary, 1000)
        self.assert_refused(self.act(self.primary, EJECT), 'no replicas')
        self.replica()
        for status in 'HEALTHY', 'BLOCKED', 'RESTART_REQUIRED':
            self.reports(self.primary, states.ServiceStatus[status])
            self.assert_refused(
                self.act(self.primary, EJECT),
                'still reports',
                'instance promote',
            )
        self.assertEqual([], self.transport.sent)

    def test_a_primary_that_is_down_is_ejected_and_not_promoted_away(self):
        for status in 'SHUTDOWN', 'CRASHED':
            with self.subTest(status):
                self.primary = self.active()
                replica = self.replica()
                self.reports(self.primary, states.ServiceStatus[status])

                response = self.act(replica, PROMOTE)

                self.assert_fault(
                    response,
                    422,
                    'unprocessableEntity',
                    f'instance eject {self.primary.id}',
                )
                response = self.act(self.primary, EJECT)
                self.assertEqual(202, response.status_code, response.text)

    def test_the_replica_of_a_silent_primary_is_not_promoted(self):
        replica = self.replica()
        self.is_silent(self.primary, 1000)

        response = self.act(replica, PROMOTE)

        self.assert_fault(
            response, 422, 'unprocessableEntity', 'silent', 'instance eject'
        )

    def test_a_replica_is_detached(self):
        for number, change in enumerate((self.put, self.patch)):
            replica = self.replica()
            key = ('replica_of', 'slave_of')[number]

            response = change(
                f'/instances/{replica.id}',
                {'instance': {key: None, 'name': 'mine'}},
            )

            self.assertEqual(202, response.status_code, response.text)
            self.assertEqual('detach_replica', self.transport.methods()[-1])
            self.assertEqual('DETACH', self.shown(replica).status)
            self.assertEqual('mine', self.shown(replica).name)

    def test_what_is_not_changed_together(self):
        replica = self.replica()

        response = self.put(
            f'/instances/{replica.id}',
            {'instance': {'replica_of': '', 'configuration': None}},
        )

        self.assert_refused(response, 'in a request of its own')
        self.assertIs(states.Task.NONE, self.shown(replica).task)
