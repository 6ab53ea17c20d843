# SPDX-License-Identifier: Apache-2.0

import gzip
import json

import webob

from trove.tests.unit.api import base

PATH = f'/v1.0/{base.PROJECT}/instances'
TOKEN = f'alice:{base.PROJECT}'


class TestBodies(base.TestCase):
    """What no body may be, at any path."""

    def send(self, body, content_type='application/json', **headers):
        headers = {'X-Auth-Token': TOKEN, **headers}
        if content_type:
            headers['Content-Type'] = content_type
        return self.client.simulate_post(PATH, body=body, headers=headers)

    def test_none(self):
        self.assert_refused(self.send(b''), 'needs a JSON body')

    def test_null(self):
        self.assert_refused(self.send(b'null'), 'needs a JSON body')

    def test_not_json(self):
        for body in (b'{', b'nonsense', b"{'a': 1}", b'{"a": NaN}'):
            self.assert_refused(self.send(body), 'not valid JSON')

    def test_not_utf8(self):
        self.assert_refused(self.send(b'{"a": "\xff"}'), 'UTF-8')

    def test_too_deep(self):
        body = b'{"instance": ' + b'[' * 40000 + b']' * 40000 + b'}'

        self.assert_refused(self.send(body), 'too deeply')

    def test_deep_in_a_place_that_is_free(self):
        deep = '[' * 900 + ']' * 900
        body = json.dumps(self.order()).replace(
            '"name"', f'"modules": {deep}, "name"'
        )

        response = self.send(body.encode())

        self.assertIn(response.status_code, (400, 501))

    def test_another_type(self):
        for body in (b'[]', b'"text"', b'1', b'true', b'{}'):
            self.assert_refused(self.send(body))

    def test_wrong_top_key(self):
        response = self.post('/instances', {'server': {'name': 'x'}})

        self.assert_refused(response, 'server', 'instance')

    def test_wrong_media_type(self):
        for media_type in (
            'text/plain',
            'application/xml',
            'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=x',
            'application/json; charset=utf-16',
            'application/json; charset=latin-1',
        ):
            response = self.send(b'{}', media_type)

            self.assert_fault(response, 415, 'badMediaType', 'Content-Type')

    def test_coded_bodies_are_not_unpacked(self):
        body = gzip.compress(json.dumps(self.order()).encode())
        for coding in (
            *('gzip', 'deflate', 'br', 'zstd', 'x-bz2', 'identity, gzip'),
        ):
            response = self.send(body, **{'Content-Encoding': coding})

            self.assert_fault(
                response, 415, 'badMediaType', 'Content-Encoding', coding
            )

    def test_a_body_that_is_said_to_come_as_it_is(self):
        body = json.dumps(self.order()).encode()

        response = self.send(body, **{'Content-Encoding': 'identity'})

        self.assertEqual(200, response.status_code)

    def test_a_key_that_is_there_twice(self):
        for body in (
            b'{"instance": {"name": "a"}, "instance": {"name": "b"}}',
            b'{"instance": {"name": "a", "\\u006eame": "b"}}',
        ):
            self.assert_refused(self.send(body), 'twice')

    def test_numbers_that_nothing_can_hold(self):
        for number in '1e999', '-1e999', '1' * 5000, 'Infinity', '-Infinity':
            body = json.dumps(self.order()).replace(
                '"name"', f'"modules": {number}, "name"'
            )

            self.assert_refused(self.send(body.encode()), 'not valid JSON')

    def test_a_byte_order_mark(self):
        body = b'\xef\xbb\xbf' + json.dumps(self.order()).encode()

        self.assert_refused(self.send(body), 'BOM')

    def test_media_type_with_a_charset(self):
        body = json.dumps(self.order()).encode()

        response = self.send(body, 'application/json; charset=UTF-8')

        self.assertEqual(200, response.status_code)

    def test_no_media_type_counts_as_json(self):
        body = json.dumps(self.order()).encode()

        response = self.send(body, None)

        self.assertEqual(200, response.status_code)

    def test_too_large(self):
        body = json.dumps(self.order(name='x' * 200000)).encode()

        response = self.send(body)

        self.assert_fault(response, 413, 'overLimit', '114688')

    def test_too_large_in_chunks(self):
        response = self.client.simulate_post(
            PATH,
            body=b'x' * 200000,
            headers={
                'X-Auth-Token': TOKEN,
                'Content-Type': 'application/json',
                'Transfer-Encoding': 'chunked',
            },
            extras={'CONTENT_LENGTH': '', 'wsgi.input_terminated': True},
        )

        self.assert_fault(response, 413, 'overLimit')

    def test_in_chunks(self):
        response = self.client.simulate_post(
            PATH,
            body=json.dumps(self.order()).encode(),
            headers={
                'X-Auth-Token': TOKEN,
                'Content-Type': 'application/json',
                'Transfer-Encoding': 'chunked',
            },
            extras={'CONTENT_LENGTH': '', 'wsgi.input_terminated': True},
        )

        self.assertEqual(200, response.status_code, response.text)

    def test_length_that_is_no_number(self):
        for length in ('abc', '-1'):
            request = webob.Request.blank(
                PATH, method='POST', headers={'X-Auth-Token': TOKEN}
            )
            request.environ['CONTENT_LENGTH'] = length

            response = request.get_response(self.wsgi)

            self.assertEqual(400, response.status_int, response.text)
            self.assertEqual('application/json', response.content_type)

    def test_nul_in_a_text(self):
        response = self.send(b'{"instance": {"name": "a\\u0000b"}}')

        self.assert_refused(response, 'U+0000')

    def test_nul_in_a_key(self):
        self.assert_refused(self.send(b'{"inst\\u0000": 1}'), 'U+0000')

    def test_half_of_a_surrogate_pair(self):
        response = self.send(b'{"instance": {"name": "a\\ud800"}}')

        self.assert_refused(response, 'surrogate')

    def test_a_whole_surrogate_pair(self):
        body = self.order(name='\U0001f418')

        response = self.post('/instances', body)

        self.assertEqual('\U0001f418', response.json['instance']['name'])

    def test_an_error_names_field_value_and_remedy(self):
        response = self.post('/instances', self.order(volume={'size': -3}))

        self.assert_refused(
            response, 'instance.volume.size', '-3', '1 or more'
        )

    def test_an_error_never_tells_a_password(self):
        for secret in ('s3cret' * 50, ['s3cret'], {'s3cret': 1}):
            users = [{'name': 'u', 'password': secret}]
            response = self.post('/instances', self.order(users=users))

            message = self.assert_refused(
                response, 'instance.users[0].password'
            )
            self.assertNotIn('s3cret', message)
            self.assertNotIn('s3cret', self.logs.output)
