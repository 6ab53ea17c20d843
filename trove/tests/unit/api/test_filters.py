# SPDX-License-Identifier: Apache-2.0
"""Filters that do something only where an option says so."""

from trove.tests.unit.api import base


class TestProxy(base.TestCase):
    HEADERS = {'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'db.example'}

    def link(self):
        found = self.client.simulate_get('/', headers=self.HEADERS)
        return found.json['versions'][0]['links'][0]['href']

    def test_nobody_is_believed_unless_the_operator_says_so(self):
        self.assertEqual('http://falconframework.org/v1.0/', self.link())

        self.config(
            enable_proxy_headers_parsing=True, group='oslo_middleware'
        )
        self.load()

        self.assertEqual('https://db.example/v1.0/', self.link())


class TestOrigins(base.TestCase):
    ALLOWED = 'Access-Control-Allow-Origin'

    def asked_from(self, origin, verb='GET'):
        headers = {'Origin': origin, 'Access-Control-Request-Method': 'GET'}
        return self.request(verb, '/flavors', headers=headers)

    def test_only_pages_of_origins_that_are_allowed_may_ask(self):
        self.assertNotIn(self.ALLOWED, self.asked_from('http://a').headers)

        self.config(allowed_origin=['http://a'], group='cors')
        self.load()

        self.assertEqual(
            'http://a', self.asked_from('http://a').headers[self.ALLOWED]
        )
        self.assertNotIn(self.ALLOWED, self.asked_from('http://b').headers)
        preflight = self.asked_from('http://a', 'OPTIONS')
        self.assertEqual(200, preflight.status_code)
        self.assertEqual('http://a', preflight.headers[self.ALLOWED])
