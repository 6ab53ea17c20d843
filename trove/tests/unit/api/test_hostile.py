# SPDX-License-Identifier: Apache-2.0
"""Requests that no client of Trove sends: answered, and never with a 500."""

import json

from trove.api import routes
from trove.tests.unit.api import base

BODIES = (
    '{"instance": 1, "instance": {"name": "x"}}',
    '{"instance": {"volume": {"size": NaN}}}',
    '{"instance": {"volume": {"size": 1e999}}}',
    '{"instance": {"volume": {"size": 1e300}}}',
    '{"instance": {"volume": {"size": -1e999}}}',
    '{"instance": {"volume": {"size": %s}}}' % ('9' * 400),
    '{"instance": {"volume": {"size": %s}}}' % ('9' * 9000),
    '{"resize": {"volume": {"size": 1e300}}}',
    '{"resize": {"flavorRef": "\\ud800"}}',
    '{"databases": [{"name": "\\ud800"}]}',
    '{"users": [{"name": "\\u0000", "password": "x"}]}',
    '{"user": {"name": {"a": []}}}',
    '[' * 50000,
    '{"a":' * 20000,
    '[[[[[1]]]]]',
    '"text"',
    'null',
    'true',
    '0',
    '',
    '\ufeff{}',
    '{"\\ud800": 1}',
    '{"": ""}',
)

QUERIES = (
    'limit=%s' % ('9' * 5000),
    'limit=-1',
    'limit=%FF',
    'limit=%D9%A1',
    'limit=1e3',
    'limit=&marker=',
    'marker=%FF%FE',
    'marker=%',
    'marker=%zz',
    'marker=%00',
    'marker=%ED%A0%80',
    'marker=' + 'x' * 5000,
    'deleted=maybe&include_clustered=%F0',
    '&&&==&=%=',
    'a=1&' * 200,
    '%s' % '\xff',
)

HEADERS = (
    ('X-Auth-Token', 'alice\r'),
    ('X-Auth-Token', 'alice\n x'),
    ('X-Auth-Token', 'alice\x00'),
    ('X-Auth-Token', '\xff\xfe'),
    ('X-Auth-Token', ':' * 9000),
    ('X-Roles', '\x1b[31m'),
    ('X-Roles', ',,,'),
    ('X-Service-Catalog', '{'),
    ('X-Service-Catalog', '[' * 5000),
    ('X-Forwarded-Proto', '\x7f'),
    ('Accept', '\xff'),
    ('Accept', 'application/json;q=' + '9' * 400),
    ('Content-Type', 'application/json; charset=\xff'),
    ('Content-Type', ';;;=;'),
    ('Origin', 'http://x\ty'),
    ('X-OpenStack-Request-Id', '\xff'),
    ('Range', 'bytes=9-1'),
    ('If-Modified-Since', 'never'),
)


class TestHostile(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.places = {
            'project_id': base.PROJECT,
            'instance_id': self.instance.id,
            'id': self.instance.id,
            'name': 'x',
        }

    def paths(self, *verbs):
        """Each path that takes one of these verbs, with the verb."""
        for route in routes.ROUTES:
            if route.verb in verbs:
                path = route.path
                for name in self.places:
                    path = path.replace(f'{{{name}}}', self.places[name])
                yield route.verb, path.replace('{', '').replace('}', '')

    def send(self, verb, path, **kwargs):
        headers = {
            'X-Auth-Token': f'admin:{base.PROJECT}',
            'Content-Type': 'application/json',
            **kwargs.pop('headers', {}),
        }
        return self.client.simulate_request(
            verb, f'/v1.0{path}', headers=headers, **kwargs
        )

    def assert_told(self, response, *what):
        """Then it is no error of ours, and told in the released form."""
        self.assertNotEqual(500, response.status_code, (what, response.text))
        if response.status_code >= 400 and response.text:
            [fault] = response.json.values()
            self.assertEqual(
                {'code', 'message'}, set(fault), (what, response.text)
            )

    def test_bodies(self):
        for verb, path in self.paths('POST', 'PUT', 'PATCH'):
            for body in BODIES:
                self.assert_told(
                    self.send(verb, path, body=body), verb, path, body[:60]
                )

    def test_queries(self):
        for verb, path in self.paths('GET'):
            for query in QUERIES:
                self.assert_told(
                    self.send(verb, path, query_string=query), path, query[:60]
                )

    def test_headers(self):
        for verb, path in (
            ('GET', f'/{base.PROJECT}/instances'),
            ('POST', f'/{base.PROJECT}/instances'),
        ):
            for name, value in HEADERS:
                response = self.send(
                    verb, path, headers={name: value}, body='{}'
                )
                self.assert_told(response, name, value[:60])

    def test_a_token_that_ends_a_line(self):
        for end in '\r', '\n', '\r\n', '\x00', '\x0b':
            response = self.get(
                '/instances', headers={'X-Auth-Token': f'ali{end}ce'}
            )

            message = self.assert_refused(response, 'X-Auth-Token')
            self.assertNotIn('ali', message)

    def test_a_body_that_is_too_large_for_a_filter(self):
        limit = self.conf.oslo_middleware.max_request_body_size
        for accept in 'application/json', 'text/html', '*/*':
            response = self.request(
                'POST',
                '/instances',
                {'instance': 'x' * limit},
                headers={'Accept': accept},
            )

            message = self.assert_fault(
                response, 413, 'overLimit', f'larger than {limit} bytes'
            )
            self.assertNotIn('%', message)

    def test_paths(self):
        for text in ('%00', '%FF', '%ED%A0%80', '%', '%zz', '%0d%0a', '%2e'):
            for path in (
                f'/{base.PROJECT}/instances/{text}',
                f'/{base.PROJECT}/{text}',
                f'/{text}/instances',
                f'/{base.PROJECT}/instances/{self.instance.id}/users/{text}',
            ):
                response = self.send('GET', path)

                self.assert_told(response, path)
                self.assertGreaterEqual(response.status_code, 400)

    def test_what_is_kept_is_no_more_than_was_said(self):
        response = self.send(
            'PUT',
            f'/{base.PROJECT}/instances/{self.instance.id}',
            body=json.dumps({'instance': {'name': 'n', '__class__': 'x'}}),
        )

        self.assertEqual(400, response.status_code)
