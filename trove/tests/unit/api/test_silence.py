# SPDX-License-Identifier: Apache-2.0
"""Guests that do not report any more."""

from __future__ import annotations

from trove.tests.unit.api import base


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
                'restart',
            )
        self.assertNotIn(
            'used', self.get(self.path).json['instance']['volume']
        )
        self.assertEqual([], self.transport.sent)

    def test_it_can_be_helped(self):
        for verb, path, body, user in (
            ('POST', '/action', {'restart': {}}, 'alice'),
            ('POST', '/action', {'reboot': {}}, 'admin'),
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

    def test_it_reports_again(self):
        self.is_silent(self.instance, 3600)
        self.reports(self.instance)

        self.assertEqual({'HEALTHY'}, self.words())
