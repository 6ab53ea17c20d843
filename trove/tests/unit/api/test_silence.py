# SPDX-License-Identifier: Apache-2.0
"""Guests that do not report any more."""

from __future__ import annotations

import uuid

from trove.objects import datastore as datastores
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import workflows
from trove.tests.unit.api import base

IMAGE = str(uuid.uuid4())
DISABLE = {'ssl': {'disable': True}}
DETACH = {'instance': {'replica_of': None}}


class TestSilence(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(agent_heartbeat_expiry=60)
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}'

    def words(self):
        """What each way to look at the instance says of its database."""
        one = self.get(self.path).json['instance']
        management = self.get(f'/mgmt{self.path}', user='admin').json
        lists = [
            self.get(path, user='admin').json['instances'][0]
            for path in ('/instances', '/instances/detail', '/mgmt/instances')
        ]
        return {
            it['operating_status']
            for it in (one, management['instance'], *lists)
        }

    def test_one_that_reports(self):
        self.is_silent(self.instance, 30)

        self.assertEqual({'HEALTHY'}, self.words())
        self.assertEqual(200, self.get(f'{self.path}/users').status_code)

    def test_nobody_knows_how_its_database_is(self):
        self.is_silent(self.instance, 3600)

        self.assertEqual({'ERROR'}, self.words())

    def test_it_is_not_asked(self):
        self.is_silent(self.instance, 3600)

        for path in ('users', 'databases'):
            response = self.get(f'{self.path}/{path}')

            self.assert_fault(
                response,
                422,
                'unprocessableEntity',
                'not reported for 36',
                'reboot the instance',
            )
        self.assertNotIn(
            'used', self.get(self.path).json['instance']['volume']
        )
        self.assertEqual([], self.transport.sent)

    def test_it_can_be_helped(self):
        for verb, path, body, user in (
            ('POST', '/action', {'reboot': {}}, 'admin'),
            ('POST', '/action', {'rebuild': {'image_id': IMAGE}}, 'admin'),
            ('DELETE', '', None, 'alice'),
        ):
            instance = self.active()
            self.is_silent(instance, 3600)
            front = '/mgmt' if user == 'admin' else ''

            response = self.request(
                verb,
                f'{front}/instances/{instance.id}{path}',
                body,
                user=user,
            )

            self.assertEqual(202, response.status_code, response.text)

    def needing(self, replica):
        """What needs the agent: the job, of which instance, and a request."""
        version = datastores.save_version(
            'postgresql',
            '18.7',
            manager='postgresql',
            image_id='x',
            version='18.7',
        )
        bigger = {'flavorRef': self.flavor(1).id}
        larger = {'volume': {'size': 9}}
        newer = {'datastore_version': version.id}
        own, promote = self.instance, 'promote_to_replica_source'
        return (
            ('restart', own, 'POST', '/action', {'restart': {}}),
            ('resize_volume', own, 'POST', '/action', {'resize': larger}),
            ('resize_flavor', own, 'POST', '/action', {'resize': bigger}),
            ('migrate', own, 'POST', '/action', {'migrate': {}}),
            ('upgrade', own, 'PATCH', '', {'instance': newer}),
            ('change_encryption', own, 'POST', '/ssl', DISABLE),
            (promote, replica, 'POST', '/action', {promote: {}}),
            ('detach_replica', replica, 'PUT', '', DETACH),
        )

    def test_what_needs_the_agent_is_not_begun(self):
        replica = self.active()
        instances.update(replica.id, slave_of_id=self.instance.id)
        for each in self.instance, replica:
            self.is_silent(each, 3600)
        tried = set()
        for action, instance, verb, path, body in self.needing(replica):
            front = '/mgmt' if action == 'migrate' else ''
            if instance is replica:
                self.reports(self.instance)

            response = self.request(
                verb,
                f'{front}/instances/{instance.id}{path}',
                body,
                user='admin',
            )

            self.assert_fault(
                response, 422, 'unprocessableEntity', instance.id
            )
            self.assertEqual('ACTIVE', self.status(instance), action)
            tried.add(action)
        self.assertEqual(set(workflows.TASKS) - entities.WITHOUT_AGENT, tried)
        self.assertEqual([], self.transport.sent)

    def status(self, instance):
        shown = self.get(f'/instances/{instance.id}').json['instance']
        return shown['status']

    def test_it_reports_again(self):
        self.is_silent(self.instance, 3600)
        self.reports(self.instance)

        self.assertEqual({'HEALTHY'}, self.words())
