# SPDX-License-Identifier: Apache-2.0
"""Groups and the instances that have them."""

from __future__ import annotations

import fixtures
import oslo_messaging

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import configuration as configurations
from trove.objects import datastore as datastores
from trove.objects.instance import attachments
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.unit.api import base
from trove.tests.unit.api import test_configurations


class TestCase(test_configurations.TestCase):
    def found(self, instance):
        return instances.get(self.context(), instance.id)

    def shown(self, instance):
        return self.get(f'/instances/{instance.id}').json['instance']

    def sent(self):
        """The settings that guests were sent, and which of them apply now."""
        sent = [
            (method, arguments['overrides'])
            for method, _, arguments in self.transport.sent
            if method.endswith('_overrides')
        ]
        self.transport.sent.clear()
        return sent

    def put_group(self, instance, group_id):
        return self.put(
            f'/instances/{instance.id}',
            {'instance': {'configuration': group_id}},
        )


class TestAttach(TestCase):
    def test_what_works_at_once(self):
        for attach in self.put, self.patch:
            group_id = self.group(jit=True, work_mem=128)
            instance = self.active()

            response = attach(
                f'/instances/{instance.id}',
                {'instance': {'configuration': group_id}},
            )

            self.assertEqual(202, response.status_code, response.text)
            values = {'jit': True, 'work_mem': 128}
            self.assertEqual(
                [('update_overrides', values), ('apply_overrides', values)],
                self.sent(),
            )
            shown = self.shown(instance)
            self.assertEqual(group_id, shown['configuration']['id'])
            self.assertEqual('mine', shown['configuration']['name'])
            self.assertEqual('ACTIVE', shown['status'])
            self.assertNotIn('pending_restart', shown)
            self.transport.sent.clear()

    def test_what_waits_for_a_restart_is_named(self):
        group_id = self.group(jit=True, max_connections=9)
        instance = self.active()

        response = self.put_group(instance, group_id)

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual(
            [
                ('update_overrides', {'jit': True, 'max_connections': 9}),
                ('apply_overrides', {'jit': True}),
            ],
            self.sent(),
        )
        shown = self.shown(instance)
        self.assertEqual('RESTART_REQUIRED', shown['status'])
        self.assertEqual(['max_connections'], shown['pending_restart'])

    def test_what_is_not_applied_waits(self):
        group_id = self.group(jit=True)
        instance = self.active()
        self.transport.errors['apply_overrides'] = (
            oslo_messaging.MessagingTimeout()
        )

        response = self.put_group(instance, group_id)

        self.assertEqual(202, response.status_code, response.text)
        shown = self.shown(instance)
        self.assertEqual('RESTART_REQUIRED', shown['status'])
        self.assertEqual(['jit'], shown['pending_restart'])

    def test_a_second_one_is_refused(self):
        group_id = self.group(jit=True)
        instance = self.attached(group_id)

        response = self.put_group(instance, self.group(jit=False))

        self.assert_refused(response, group_id, 'Detach')
        self.assertEqual([], self.sent())

    def test_one_of_another_version_is_refused(self):
        group_id = self.group(jit=True)
        other = datastores.save_version(
            'postgresql', '17', manager='postgresql'
        )
        instance = self.active()
        instances.update(instance.id, datastore_version_id=other.id)

        response = self.put_group(instance, group_id)

        self.assert_refused(response, 'postgresql 18', other.id)
        self.assertEqual([], self.sent())

    def test_one_of_another_project_is_not_there(self):
        group_id = self.group(project=base.OTHER_PROJECT, jit=True)

        response = self.put_group(self.active(), group_id)

        self.assert_fault(response, 404, 'itemNotFound', group_id)

    def test_an_instance_that_is_not_ready(self):
        group_id = self.group(jit=True)
        busy = self.active()
        instances.update(busy.id, task_id=states.Task.REBOOTING.code)
        for instance, code, fault in (
            (self.building(), 422, 'unprocessableEntity'),
            (busy, 409, 'conflict'),
        ):
            response = self.put_group(instance, group_id)

            self.assert_fault(response, code, fault, instance.id)
        self.assertEqual([], self.sent())

    def test_a_guest_that_does_not_answer(self):
        group_id = self.group(jit=True)
        instance = self.active()
        self.transport.error = oslo_messaging.MessagingTimeout()

        response = self.put_group(instance, group_id)

        self.assert_fault(response, 500, 'instanceFault', 'did not answer')
        self.assertEqual(
            (None, states.Task.NONE),
            (
                self.found(instance).configuration_id,
                self.found(instance).task,
            ),
        )

    def test_values_that_the_server_refuses(self):
        group_id = self.group(DateStyle='odd')
        instance = self.active()
        self.transport.errors['update_overrides'] = (
            oslo_messaging.RemoteError(
                'BadRequest',
                'The request is not valid: invalid value for parameter '
                '"DateStyle": "odd".',
            )
        )

        response = self.put_group(instance, group_id)

        self.assert_fault(
            response,
            422,
            'unprocessableEntity',
            instance.id,
            'says: invalid value for parameter "DateStyle": "odd". Change',
        )
        self.assertIsNone(self.found(instance).configuration_id)

    def test_two_at_a_time(self):
        first, second = self.group(jit=True), self.group(jit=False)
        instance = self.active()

        def other(**arguments):
            self.transport.on_send = None
            instances.update(instance.id, configuration_id=first)

        self.transport.on_send = other
        response = self.put_group(instance, second)

        self.assert_fault(response, 409, 'conflict', instance.id)
        # And the guest has what the instance has.
        self.assertEqual({'jit': True}, self.guest.overrides)
        self.assertEqual(first, self.found(instance).configuration_id)

    def test_a_group_that_is_changed_meanwhile(self):
        group_id = self.group(jit=True)
        instance = self.active()

        def changed(**arguments):
            self.transport.on_send = None
            group = configurations.get(self.context(), group_id)
            configurations.change(
                self.context(), group, values={'jit': False}, columns={}
            )

        self.transport.on_send = changed
        response = self.put_group(instance, group_id)

        self.assert_fault(response, 409, 'conflict', group_id)
        # And the guest has what the instance has: nothing.
        self.assertEqual({}, self.guest.overrides)
        self.assertIsNone(self.found(instance).configuration_id)

    def test_a_group_that_is_deleted_meanwhile(self):
        group_id = self.group(jit=True)
        instance = self.active()

        def deleted(**arguments):
            self.transport.on_send = None
            configurations.delete(self.context(), group_id)

        self.transport.on_send = deleted
        response = self.put_group(instance, group_id)

        self.assert_fault(response, 503, 'serviceUnavailable', group_id)
        self.assertIsNone(self.found(instance).configuration_id)

    def test_a_patch_has_something_to_change(self):
        instance = self.active()

        response = self.patch(f'/instances/{instance.id}', {'instance': {}})

        self.assert_refused(response, 'instance')
        response = self.patch(
            f'/instances/{instance.id}', {'instance': {'name': 'new'}}
        )
        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual('new', self.found(instance).name)


class TestCreate(TestCase):
    def test_an_instance_begins_with_a_group(self):
        group_id = self.group(jit=True, max_connections=9)

        response = self.post('/instances', self.order(configuration=group_id))

        self.assertEqual(200, response.status_code, response.text)
        ((_, _, sent),) = self.transport.sent
        self.assertEqual(
            {'jit': True, 'max_connections': 9}, sent['overrides']
        )
        made = response.json['instance']
        self.assertEqual(group_id, made['configuration']['id'])
        response = self.delete(f'/configurations/{group_id}')
        self.assert_refused(response, made['id'])

    def test_groups_that_are_refused(self):
        other = datastores.save_version(
            'postgresql', '17', manager='postgresql'
        )
        with session.writer() as db:
            db.add(
                models.Configuration(
                    id='of-17',
                    name='g',
                    tenant_id=base.PROJECT,
                    datastore_version_id=other.id,
                )
            )

        response = self.post('/instances', self.order(configuration='of-17'))

        self.assert_refused(response, 'postgresql 17')
        response = self.post('/instances', self.order(configuration='nosuch'))
        self.assert_fault(response, 404, 'itemNotFound', 'nosuch')
        self.assertEqual([], self.transport.sent)


class TestDetach(TestCase):
    def test_without_a_group_nothing_is_told(self):
        instance = self.active()
        for body in ({}, {'configuration': None}, {'configuration': ''}):
            response = self.put(
                f'/instances/{instance.id}', {'instance': body}
            )

            self.assertEqual(202, response.status_code, response.text)
        self.assertEqual([], self.transport.sent)

    def test_what_works_at_once(self):
        for body in ({}, {'configuration': None}):
            instance = self.attached(self.group(jit=True))

            response = self.put(
                f'/instances/{instance.id}', {'instance': body}
            )

            self.assertEqual(202, response.status_code, response.text)
            (told, applied) = self.transport.sent
            self.assertEqual({'overrides': {}, 'remove': True}, told[2])
            self.assertEqual('apply_overrides', applied[0])
            shown = self.shown(instance)
            self.assertNotIn('configuration', shown)
            self.assertEqual('ACTIVE', shown['status'])
            self.transport.sent.clear()

    def test_what_waits_for_a_restart(self):
        instance = self.attached(self.group(max_connections=9))

        response = self.put_group(instance, None)

        self.assertEqual(202, response.status_code, response.text)
        shown = self.shown(instance)
        self.assertNotIn('configuration', shown)
        self.assertEqual('RESTART_REQUIRED', shown['status'])
        self.assertEqual(['max_connections'], shown['pending_restart'])

    def test_a_group_that_is_gone(self):
        group_id = self.group(jit=True)
        instance = self.attached(group_id)
        with session.writer() as db:
            db.get(models.Configuration, group_id).deleted = True

        response = self.put_group(instance, None)

        self.assertEqual(202, response.status_code, response.text)
        shown = self.shown(instance)
        self.assertEqual('RESTART_REQUIRED', shown['status'])
        self.assertNotIn('configuration', shown)

    def test_one_that_cannot_be_detached_stays(self):
        group_id = self.group(jit=True)
        instance = self.attached(group_id)
        self.transport.error = oslo_messaging.MessagingTimeout()

        response = self.put_group(instance, None)

        self.assert_fault(response, 500, 'instanceFault', 'did not answer')
        self.assertEqual(group_id, self.found(instance).configuration_id)

    def test_detached_and_not_written_down(self):
        group_id = self.group(jit=True)
        instance = self.attached(group_id)
        path = f'/instances/{instance.id}'
        body = {'instance': {'configuration': None, 'name': 'new'}}

        def locked(*args, **kwargs):
            raise exception.ServiceUnavailable('It is locked.')

        with fixtures.MonkeyPatch(
            'trove.objects.instance.attachments.write', locked
        ):
            response = self.put(path, body)

        self.assert_fault(
            response,
            503,
            'serviceUnavailable',
            'The group is removed',
            'locked',
            'Repeat',
        )
        found = self.found(instance)
        self.assertEqual(
            (group_id, instance.name), (found.configuration_id, found.name)
        )
        self.assertEqual(202, self.put(path, body).status_code)
        found = self.found(instance)
        self.assertEqual((None, 'new'), (found.configuration_id, found.name))


class TestTemplate(TestCase):
    def test_what_an_instance_is_configured_with(self):
        instance = self.active()

        response = self.get(f'/instances/{instance.id}/configuration')

        self.assertEqual(200, response.status_code, response.text)
        shown = response.json['instance']['configuration']
        self.assertEqual('80MB', shown['min_wal_size'])
        self.assertIn('max_connections', shown)

    def test_what_is_pending_goes_with_the_instance(self):
        instance = self.attached(self.group(max_connections=9))
        self.put_group(instance, None)
        found = self.found(instance)

        instances.mark_deleted(instance.id)

        self.assertEqual([], attachments.pending(found))
