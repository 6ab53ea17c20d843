# SPDX-License-Identifier: Apache-2.0
"""Changes of a group on their way to the instances that have it."""

from __future__ import annotations

import fixtures
import oslo_messaging

from trove.common import exception
from trove.objects import configuration as configurations
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.unit.api import test_configuration


class TestSpread(test_configuration.TestCase):
    """Given a group that three instances have."""

    def setUp(self):
        super().setUp()
        self.group_id = self.group(jit=True, max_connections=9)
        self.path = f'/configurations/{self.group_id}'
        self.instances = sorted(
            (self.attached(self.group_id) for _ in range(3)),
            key=lambda each: each.id,
        )

    def body(self, **values):
        return {'configuration': {'values': values}}

    def test_a_value_is_changed_everywhere(self):
        response = self.patch(self.path, self.body(jit=False))

        self.assertEqual(200, response.status_code, response.text)
        values = {'jit': False, 'max_connections': 9}
        self.assertEqual(values, self.values(self.group_id))
        self.assertEqual(
            [
                ('update_overrides', values),
                ('apply_overrides', {'jit': False}),
            ]
            * 3,
            self.sent(),
        )
        for instance in self.instances:
            self.assertEqual('ACTIVE', self.shown(instance)['status'])

    def test_all_values_are_replaced(self):
        response = self.put(self.path, self.body(work_mem='1MB'))

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual({'work_mem': '1MB'}, self.values(self.group_id))
        self.assertEqual({'work_mem': '1MB'}, self.guest.overrides)
        for instance in self.instances:
            shown = self.shown(instance)
            self.assertEqual('RESTART_REQUIRED', shown['status'])
            self.assertEqual(['max_connections'], shown['pending_restart'])

    def test_more_comes_to_wait(self):
        self.patch(self.path, self.body(max_connections=8))
        self.transport.errors['apply_overrides'] = (
            oslo_messaging.MessagingTimeout()
        )
        self.patch(self.path, self.body(jit=False))

        shown = self.shown(self.instances[0])

        self.assertEqual(['jit', 'max_connections'], shown['pending_restart'])

    def test_a_restart_ends_what_waited(self):
        self.patch(self.path, self.body(max_connections=8))
        instance = self.instances[0]
        instances.update(instance.id, task_id=states.Task.NONE.code)
        self.assertNotIn('pending_restart', self.shown(instance))
        self.transport.errors['apply_overrides'] = (
            oslo_messaging.MessagingTimeout()
        )

        self.patch(self.path, self.body(jit=False))

        self.assertEqual(['jit'], self.shown(instance)['pending_restart'])

    def test_a_name_reaches_nobody(self):
        response = self.put(
            self.path,
            {
                'configuration': {
                    'name': 'new',
                    'description': None,
                    'values': {'jit': True, 'max_connections': 9},
                }
            },
        )

        self.assertEqual(202, response.status_code, response.text)
        shown = self.get(self.path).json['configuration']
        self.assertEqual(('new', None), (shown['name'], shown['description']))

    def test_values_that_are_refused(self):
        for call in self.patch, self.put:
            response = call(self.path, self.body(max_connections=0))

            self.assert_fault(
                response, 422, 'unprocessableEntity', 'max_connections'
            )
        self.assertEqual([], self.sent())

    def test_a_boolean_as_trove_dashboard_sends_it(self):
        response = self.put(
            self.path, self.body(jit='False', max_connections=9)
        )

        self.assertEqual(202, response.status_code, response.text)
        self.assertIs(False, self.values(self.group_id)['jit'])

    def test_one_that_is_busy_keeps_all_as_they_are(self):
        instances.update(
            self.instances[1].id, task_id=states.Task.REBOOTING.code
        )

        response = self.patch(self.path, self.body(jit=False))

        self.assert_fault(response, 409, 'conflict', self.instances[1].id)
        self.assertIs(True, self.values(self.group_id)['jit'])
        self.assertEqual([], self.sent())

    def test_the_first_one_does_not_answer(self):
        self.transport.error = oslo_messaging.MessagingTimeout()

        response = self.patch(self.path, self.body(jit=False))

        self.assert_fault(
            response, 500, 'instanceFault', self.instances[0].id
        )
        self.assertIs(True, self.values(self.group_id)['jit'])

    def test_another_one_does_not_answer(self):
        def lost(**arguments):
            self.transport.error = oslo_messaging.MessagingTimeout()

        self.transport.on_send = lost

        response = self.patch(self.path, self.body(max_connections=7))

        message = self.assert_fault(
            response, 503, 'serviceUnavailable', 'Repeat the request'
        )
        self.assertEqual(
            [False, True, True],
            [each.id in message for each in self.instances],
        )
        self.assertEqual(7, self.values(self.group_id)['max_connections'])
        # When the same is asked for once more
        self.transport.on_send = self.transport.error = None
        for instance in self.instances[1:]:
            self.reports(instance)
        response = self.patch(self.path, self.body(max_connections=7))
        self.assertEqual(200, response.status_code, response.text)
        for instance in self.instances:
            shown = self.shown(instance)
            self.assertEqual(['max_connections'], shown['pending_restart'])

    def test_one_that_gets_the_group_meanwhile_is_told(self):
        late = self.active()
        change = configurations.change

        def attached(context, group, **changes):
            # After those that have it were listed.
            instances.update(late.id, configuration_id=group.id)
            change(context, group, **changes)

        with fixtures.MonkeyPatch(
            'trove.objects.configuration.change', attached
        ):
            response = self.patch(self.path, self.body(jit=False))

        self.assertEqual(200, response.status_code, response.text)
        methods = [method for method, _, _ in self.transport.sent]
        self.assertEqual(4, methods.count('update_overrides'))

    def test_replicas_are_told_first(self):
        source, *others = self.instances
        instances.update(source.id, slave_of_id=None)
        instances.update(others[1].id, slave_of_id=source.id)
        self.transport.error = oslo_messaging.MessagingTimeout()

        response = self.patch(self.path, self.body(jit=False))

        self.assert_fault(response, 500, 'instanceFault', others[1].id)

    def test_two_requests_at_a_time(self):
        group = configurations.get(self.context(), self.group_id)
        configurations.change(
            self.context(), group, values={'jit': False}, columns={}
        )

        error = self.assertRaises(
            exception.Conflict,
            configurations.change,
            self.context(),
            group,
            values={'jit': True},
            columns={},
        )

        self.assertIn(self.group_id, str(error))
