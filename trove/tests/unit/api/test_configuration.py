# SPDX-License-Identifier: Apache-2.0

import fixtures
import oslo_messaging

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.tests.unit.api import base


class TestAttached(base.TestCase):
    """Configuration groups that release 26.0 has attached."""

    def test_detaching_no_configuration_is_refused(self):
        instance = self.active()
        for body in ({}, {'configuration': None}, {'configuration': ''}):
            response = self.put(
                f'/instances/{instance.id}', {'instance': body}
            )

            self.assert_refused(response, 'nothing to detach')

    def given_configuration(self, instance):
        """What release 26.0 left."""
        with session.writer() as db:
            group = models.Configuration(
                name='mine',
                tenant_id=base.PROJECT,
                datastore_version_id=self.version.id,
            )
            db.add(group)
            db.flush()
            group_id = group.id
        instances.update(instance.id, configuration_id=group_id)
        return group_id

    def test_the_configuration_is_shown(self):
        instance = self.active()
        group_id = self.given_configuration(instance)

        shown = self.get(f'/instances/{instance.id}').json['instance']
        (listed,) = self.get('/instances/detail').json['instances']

        self.assertEqual('mine', shown['configuration']['name'])
        self.assertEqual(group_id, shown['configuration']['id'])
        self.assertEqual(group_id, listed['configuration']['id'])

    def test_a_configuration_is_detached(self):
        for body in ({}, {'configuration': None}):
            instance = self.active()
            self.given_configuration(instance)

            response = self.put(
                f'/instances/{instance.id}', {'instance': body}
            )

            self.assertEqual(202, response.status_code, response.text)
            ((method, _, sent),) = self.transport.sent
            self.transport.sent.clear()
            self.assertEqual('update_overrides', method)
            self.assertEqual({'overrides': {}, 'remove': True}, sent)
            shown = self.get(f'/instances/{instance.id}').json['instance']
            self.assertNotIn('configuration', shown)
            self.assertEqual('RESTART_REQUIRED', shown['status'])
            self.transport.sent.clear()

    def test_a_configuration_that_cannot_be_detached_stays(self):
        instance = self.active()
        group_id = self.given_configuration(instance)
        self.transport.error = oslo_messaging.MessagingTimeout()

        response = self.put(
            f'/instances/{instance.id}', {'instance': {'configuration': None}}
        )

        self.assert_fault(response, 500, 'instanceFault', 'did not answer')
        found = instances.get(self.context(), instance.id)
        self.assertEqual(group_id, found.configuration_id)

    def test_detached_and_not_written_down(self):
        instance = self.active()
        group_id = self.given_configuration(instance)
        path = f'/instances/{instance.id}'
        body = {'instance': {'configuration': None, 'name': 'new'}}

        def locked(*args, **kwargs):
            raise exception.ServiceUnavailable('It is locked.')

        with fixtures.MonkeyPatch(
            'trove.objects.instance.tasks.detach_configuration', locked
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
        found = instances.get(self.context(), instance.id)
        self.assertEqual(
            (group_id, instance.name), (found.configuration_id, found.name)
        )
        self.assertEqual(202, self.put(path, body).status_code)
        found = instances.get(self.context(), instance.id)
        self.assertEqual((None, 'new'), (found.configuration_id, found.name))
