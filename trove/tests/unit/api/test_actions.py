# SPDX-License-Identifier: Apache-2.0

import uuid

import fixtures
import oslo_messaging

from trove.common import exception
from trove.objects import quota
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.fixtures import reports
from trove.tests.unit.api import base


class TestActions(base.TestCase):
    def act(self, instance, body, **kwargs):
        return self.post(f'/instances/{instance.id}/action', body, **kwargs)

    def task(self, instance):
        return instances.get(self.context(), instance.id).task

    def test_restart(self):
        instance = self.active()

        response = self.act(instance, {'restart': {}})

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('', response.text)
        self.assertEqual(
            [('restart', '1.0', {'instance_id': instance.id})],
            self.transport.sent,
        )
        shown = self.get(f'/instances/{instance.id}').json['instance']
        self.assertEqual('REBOOT', shown['status'])
        workflow = workflows.get_workflow(instance.id)
        self.assertEqual('restart', workflow.action)
        self.assertEqual('queued', workflow.state)

    def test_restart_as_openstacksdk_asks(self):
        response = self.act(self.active(), {'restart': None})

        self.assertEqual(202, response.status_code)

    def test_resize_of_the_flavor(self):
        instance = self.active()

        response = self.act(instance, {'resize': {'flavorRef': '2'}})

        self.assertEqual(202, response.status_code, response.text)
        ((method, _, sent),) = self.transport.sent
        self.assertEqual('resize_flavor', method)
        self.assertEqual(
            ('1', '2'), (sent['old_flavor']['id'], sent['new_flavor']['id'])
        )

    def test_resize_of_a_flavor_that_the_cloud_dropped(self):
        instance = self.active()
        instances.update(instance.id, flavor_id='dropped')

        response = self.act(instance, {'resize': {'flavorRef': '2'}})

        self.assertEqual(202, response.status_code, response.text)
        ((_, _, sent),) = self.transport.sent
        self.assertEqual('dropped', sent['old_flavor']['id'])

    def test_resize_of_the_volume(self):
        for volume in ({'size': 2}, {'size': '2'}, 2):
            instance = self.active()

            response = self.act(instance, {'resize': {'volume': volume}})

            self.assertEqual(202, response.status_code, response.text)
            self.assertEqual(
                (
                    'resize_volume',
                    '1.0',
                    {'instance_id': instance.id, 'new_size': 2},
                ),
                self.transport.sent[-1],
            )

    def test_bodies_that_are_refused(self):
        instance = self.active()
        for body in (
            {},
            {'dance': {}},
            {'restart': {}, 'resize': {'flavorRef': '2'}},
            {'restart': {'now': True}},
            {'restart': 1},
            {'resize': {}},
            {'resize': None},
            {'resize': []},
            {'resize': {'volume': {}}},
            {'resize': {'volume': {'size': 0}}},
            {'resize': {'volume': None}},
            {'resize': {'flavorRef': ''}},
            {'resize': {'flavorRef': '2', 'volume': {'size': 2}}},
            {'reboot': {}},
        ):
            response = self.act(instance, body)

            self.assert_refused(response)
        self.assertEqual([], self.transport.sent)
        self.assertIs(states.Task.NONE, self.task(instance))

    def test_an_unknown_action_is_told_the_known_ones(self):
        response = self.act(self.active(), {'dance': {}})

        self.assert_refused(response, 'dance', 'restart', 'resize')

    def test_the_same_flavor(self):
        response = self.act(self.active(), {'resize': {'flavorRef': '1'}})

        self.assert_refused(response, 'already')

    def test_an_unknown_flavor(self):
        response = self.act(self.active(), {'resize': {'flavorRef': '9'}})

        self.assert_refused(response, '9')

    def test_a_volume_that_is_not_larger(self):
        response = self.act(self.active(), {'resize': {'volume': {'size': 1}}})

        self.assert_refused(response, 'larger than the current 1 GiB')

    def test_a_volume_that_is_too_large(self):
        response = self.act(
            self.active(), {'resize': {'volume': {'size': 11}}}
        )

        self.assert_fault(response, 413, 'overLimit')

    def test_a_volume_over_the_quota(self):
        instance = self.active()
        quota.set_limits(self.conf, base.PROJECT, {'volumes': 4})

        response = self.act(instance, {'resize': {'volume': {'size': 5}}})

        self.assert_fault(response, 413, 'overLimit', 'volumes')
        self.assertIs(states.Task.NONE, self.task(instance))

    def test_a_busy_instance(self):
        instance = self.active()
        self.act(instance, {'restart': {}})

        response = self.act(instance, {'restart': {}})

        self.assert_fault(response, 409, 'conflict', instance.id)
        self.assertEqual(1, len(self.transport.sent))

    def test_an_instance_that_builds(self):
        instance = self.building()

        response = self.act(instance, {'restart': {}})

        self.assertIn(response.status_code, (409, 422))
        self.assertEqual([], self.transport.sent)

    def test_an_instance_whose_database_is_down(self):
        instance = self.active()
        reports.heard(
            instance.id,
            status=states.ServiceStatus.from_code(0x06),
            guest_version='1.4',
            sent=None,
        )

        response = self.act(instance, {'resize': {'flavorRef': '2'}})

        self.assertIn(response.status_code, (202, 422), response.text)

    def test_a_deleted_instance(self):
        instance = self.active()
        instances.mark_deleted(instance.id)

        response = self.act(instance, {'restart': {}})

        self.assert_fault(response, 404, 'itemNotFound')

    def test_an_unknown_instance(self):
        for name in (uuid.uuid4(), 'a-name'):
            response = self.post(f'/instances/{name}/action', {'restart': {}})

            self.assert_fault(response, 404, 'itemNotFound')

    def test_that_of_another_project(self):
        instance = self.active(project=base.OTHER_PROJECT)

        response = self.act(instance, {'restart': {}})

        self.assert_fault(response, 404, 'itemNotFound')

    def test_the_broker_is_gone_and_back(self):
        instance = self.active()
        used = quota.usages(self.conf, base.PROJECT)
        self.broker_is_gone()
        for body in (
            {'restart': {}},
            {'resize': {'flavorRef': '2'}},
            {'resize': {'volume': {'size': 2}}},
        ):
            response = self.act(instance, body)

            self.assert_fault(response, 503, 'serviceUnavailable', 'broker')
            self.assertIs(states.Task.NONE, self.task(instance))
            self.assertIsNone(workflows.get_workflow(instance.id))
            self.assertEqual(used, quota.usages(self.conf, base.PROJECT))

        self.transport.error = None
        response = self.act(instance, {'restart': {}})

        self.assertEqual(202, response.status_code)

    def test_the_message_got_through_although_sending_failed(self):
        instance = self.active()

        def send(**arguments):
            workflows.claim_workflow(
                arguments['instance_id'], 'restart', 'taskmanager-1'
            )
            raise oslo_messaging.MessageDeliveryFailure('no confirmation')

        self.transport.on_send = send

        response = self.act(instance, {'restart': {}})

        self.assertEqual(202, response.status_code, response.text)
        self.assertIs(states.Task.REBOOTING, self.task(instance))

    def test_broker_and_database_are_gone(self):
        instance = self.active()
        self.broker_is_gone()
        self.breaks_at_commit('tasks.undo_task')

        response = self.act(instance, {'restart': {}})

        self.assert_fault(
            response,
            503,
            'serviceUnavailable',
            'may still be started',
            instance.id,
        )

    def test_the_database_breaks_when_all_is_written(self):
        instance = self.active()
        self.breaks_at_commit('tasks.begin_task')

        response = self.act(instance, {'restart': {}})

        self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertIs(states.Task.NONE, self.task(instance))
        self.assertEqual([], self.transport.sent)

    def test_a_row_that_another_transaction_holds_is_waited_for_once(self):
        instance = self.active()

        def locked(*args, **kwargs):
            raise exception.RowLocked()

        self.breaks_at_commit('tasks.undo_task')
        with fixtures.MonkeyPatch(
            'trove.objects.instance.tasks.begin_task', locked
        ):
            response = self.act(instance, {'restart': {}})

        message = self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertIn('Another transaction holds a lock', message)
        self.assertNotIn('unavailable', message)

    def test_a_task_manager_that_is_too_old(self):
        instance = self.active()
        self.transport.error = exception.PeerTooOld(
            what='restart',
            needs='1.9',
            peer='task managers',
            speaks='1.0',
            remedy='Upgrade them.',
        )

        response = self.act(instance, {'restart': {}})

        self.assert_fault(response, 409, 'conflict', 'Upgrade them.')
        self.assertIs(states.Task.NONE, self.task(instance))

    def test_status_is_reset(self):
        for body, user in (
            ({'reset_status': {}}, 'admin'),
            ({'reset_status': None}, 'admin'),
            ({'reset_status': {'force_delete': True}}, 'alice'),
        ):
            for instance in (self.active(), self.building()):
                response = self.act(instance, body, user=user)

                self.assertEqual(202, response.status_code, response.text)
                self.assertEqual('', response.text)
                shown = self.get(f'/instances/{instance.id}').json['instance']
                self.assertEqual('ERROR', shown['status'])
                self.assertIsNone(workflows.get_workflow(instance.id))

                gone = self.delete(f'/instances/{instance.id}')
                self.assertEqual(202, gone.status_code, gone.text)

    def test_a_reset_stops_who_works_on_it(self):
        instance = self.building()
        workflows.claim_workflow(instance.id, 'create_instance', 'me')

        self.act(instance, {'reset_status': {}}, user='admin')

        self.assertFalse(workflows.workflow_step(instance.id, 'me', 'next'))

    def test_a_reset_is_for_administrators(self):
        instance = self.active()
        for body in (
            {'reset_status': {}},
            {'reset_status': {'force_delete': False}},
        ):
            response = self.act(instance, body)

            self.assert_fault(response, 403, 'forbidden', 'reset_status')
        self.assertEqual('ACTIVE', self.status(instance))

    def status(self, instance):
        return instances.get(self.context(), instance.id).status

    def test_a_reset_of_another_projects(self):
        instance = self.active(project=base.OTHER_PROJECT)

        response = self.act(instance, {'reset_status': {'force_delete': True}})

        self.assert_fault(response, 404, 'itemNotFound')

    def test_deletion_at_any_time(self):
        for begin in (None, 'restart', 'resize'):
            instance = self.active() if begin else self.building()
            if begin == 'resize':
                self.act(instance, {'resize': {'flavorRef': '2'}})
            elif begin:
                self.act(instance, {begin: {}})
            action = workflows.get_workflow(instance.id).action
            workflows.claim_workflow(instance.id, action, 'me')

            response = self.delete(f'/instances/{instance.id}')

            self.assertEqual(202, response.status_code, response.text)
            self.assertEqual('SHUTDOWN', self.status(instance))
            self.assertEqual('delete_instance', self.transport.methods()[-1])
            self.assertFalse(
                workflows.workflow_step(instance.id, 'me', 'next')
            )

    def test_policy_of_each_action(self):
        instance = self.active()
        self.useFixture(
            base.Policy(
                self,
                {
                    'instance:restart': 'role:admin',
                    'instance:resize_volume': 'role:operator',
                },
            )
        )

        restart = self.act(instance, {'restart': {}})
        volume = self.act(instance, {'resize': {'volume': {'size': 2}}})
        flavor = self.act(instance, {'resize': {'flavorRef': '2'}})

        self.assert_fault(restart, 403, 'forbidden', 'instance:restart')
        self.assert_fault(volume, 403, 'forbidden', 'resize_volume')
        self.assertEqual(202, flavor.status_code)
