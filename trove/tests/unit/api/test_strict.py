# SPDX-License-Identifier: Apache-2.0
"""Requests that are no good HTTP, sent to trove-api."""

import bz2
import contextlib
import gzip
import tracemalloc
import zlib

from trove.tests.unit.api import base
from trove.tests.unit.api import raw


class TestStrangeRequests(raw.TestCase):
    limits = {'max_header_bytes': 4096}

    def test_what_is_no_http(self):
        token = f'X-Auth-Token: alice:{base.PROJECT}'
        for data, code, text in (
            (b'nonsense\r\n\r\n', 400, 'Start line'),
            (b'GET /\r\n\r\n', 505, '1.1'),
            (b'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505, '1.1'),
            (b'\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400, 'HTTP'),
            (b'GET / HTTP/1.1\nHost: x\n\r\n\r\n', 400, 'LF'),
            (b'get / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'method'),
            (raw.request(host=None), 400, 'Host'),
            (raw.request('GET', '/', 'Host: y'), 400, 'Host'),
            (raw.request(host='Host: x/y'), 400, 'Host'),
            (raw.request('GET', '/\x00'), 400, 'control'),
            (raw.request('GET', 'http://[::1/'), 400, 'URL'),
            (raw.request('GET', '/', 'X-A : b'), 400, 'header'),
            (raw.request('GET', '/', 'X-A: b', ' c'), 400, 'folded'),
            (raw.request('GET', '/', 'X-A: b\nX-B: c'), 400, 'LF'),
            (raw.request('GET', '/', f'{token}\r'), 400, 'CR'),
            (raw.request('GET', '/', f'{token}\x00'), 400, 'header'),
            (raw.request('GET', '/', 'nothing'), 400, 'header'),
        ):
            with raw.Client(self.service.port) as client:
                fault = 'badRequest' if code < 500 else 'instanceFault'
                self.assert_fault_sent(client, data, code, fault, text)
        self.assertNotIn(base.PROJECT, self.logs.output)
        self.assert_calm()

    def test_what_is_expected_and_not_met(self):
        for value in ('foo', '100-continue, foo', '100-continue; a=b', '101'):
            with raw.Client(self.service.port) as client:
                self.assert_fault_sent(
                    client,
                    raw.request(
                        'POST', '/', f'Expect: {value}', 'Content-Length: 2'
                    ),
                    417,
                    'badRequest',
                    '100-continue',
                )
        with raw.Client(self.service.port) as client:
            self.assertEqual(
                200, client.ask(raw.request('GET', '/', 'Expect:'))[0]
            )
        self.assert_calm()

    def test_a_target_that_is_none_of_this_api(self):
        for target in ('/#x', 'foo:/', 'http://evil/', '/v1.0?a#b'):
            with raw.Client(self.service.port) as client:
                status, _, body = client.ask(raw.request('GET', target))
                self.assertEqual(400, status, target)
                self.assertIn(target, body['badRequest']['message'])
        for target in (
            *('http://x/', 'HTTP://X/', 'http://x', 'http://x?'),
            *('http://x:80/', 'https://x:443/', 'http://x:/v1.0'),
        ):
            with raw.Client(self.service.port) as client:
                status, _, _ = client.ask(raw.request('GET', target))
                self.assertEqual(200, status, target)
        self.assert_calm()

    def test_a_target_that_is_no_path(self):
        for verb, target in (
            ('CONNECT', 'x:80'),
            ('CONNECT', 'evil:443'),
            ('CONNECT', '[::1]:443'),
            ('OPTIONS', 'x:80'),
            ('OPTIONS', 'x'),
            *((verb, '*') for verb in ('GET', 'POST', 'DELETE')),
            ('OPTIONS', '**'),
            ('OPTIONS', '*?a=b'),
            ('GET', '?a=b'),
            ('GET', 'http://x:81/'),
            ('GET', 'http://:80/'),
            ('GET', 'http:///v1.0'),
        ):
            with raw.Client(self.service.port) as client:
                client.send(raw.request(verb, target, 'Connection: close'))
                status, headers, body = client.answer()
                self.assertEqual(400, status, target)
                self.assertIn(target, body['badRequest']['message'])
                self.assertIn('x-openstack-request-id', headers)
        self.assert_calm()

    def test_no_body_comes_with_the_answer_to_head(self):
        for target in '*', 'x:80', '/nosuch', '/healthcheck/nosuch':
            with raw.Client(self.service.port) as client:
                client.send(raw.request('HEAD', target))
                client.send(raw.request('GET', '/', 'Connection: close'))
                head, _, rest = client.everything().partition(b'\r\n\r\n')
                self.assertIn(head.split()[1], (b'400', b'404'))
                self.assertTrue(rest.startswith(b'HTTP/1.1 200 OK'), rest)
        self.assert_calm()

    def test_the_server_is_asked_what_it_takes(self):
        with raw.Client(self.service.port) as client:
            client.send(raw.request('OPTIONS', '*', 'Connection: close'))
            answer = client.everything()
            self.assertTrue(answer.startswith(b'HTTP/1.1 200 OK'), answer)
            self.assertIn(b'\r\nAllow: GET, HEAD, POST', answer)
        self.assert_calm()

    def test_where_a_body_ends_is_said_once(self):
        chunked = 'Transfer-Encoding: chunked'
        for lines, code, text in (
            (['Content-Length: 2', 'Content-Length: 3'], 400, 'more than one'),
            (['Content-Length: 2', 'Content-Length: 2'], 400, 'more than one'),
            (['Content-Length: 2, 2'], 400, 'Length'),
            (['Content-Length: -1'], 400, 'Length'),
            (['Content-Length: +1'], 400, 'Length'),
            (['Content-Length: ' + '9' * 3000], 413, 'larger'),
            (['Content-Length: 2', chunked], 400, 'both'),
            ([chunked, chunked], 400, 'more than one'),
            (['Transfer-Encoding: chunked, chunked'], 400, 'just chunked'),
            (['Transfer-Encoding: , chunked'], 400, 'just chunked'),
            (['Transfer-Encoding: gzip, chunked'], 501, 'chunked'),
            (['Transfer-Encoding: xchunked'], 501, 'chunked'),
        ):
            with raw.Client(self.service.port) as client:
                fault = {413: 'overLimit', 501: 'notImplemented'}
                self.assert_fault_sent(
                    client,
                    raw.request('POST', '/', *lines, body=b'{}'),
                    code,
                    fault.get(code, 'badRequest'),
                    text,
                )
        with raw.Client(self.service.port) as client:
            self.assert_fault_sent(
                client,
                b'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
                400,
                'badRequest',
                'Transfer-Encoding',
            )
        self.assert_calm()

    def test_chunks_that_are_none(self):
        for chunks, code, text in (
            (b'x\r\n{}\r\n', 400, 'chunk size'),
            (b'-2\r\n{}\r\n', 400, 'chunk size'),
            (b'2 \r\n{}\r\n', 400, 'chunk size'),
            (b'2\r\n{}xx0\r\n\r\n', 400, 'terminated'),
            (b'2;' + b'x' * 200000, 413, 'larger'),
            (b'2;\x00\r\n{}\r\n', 400, 'extension'),
            (b'0\r\n' + b'X-A: b\r\n' * 20000, 413, 'larger'),
            (b'f' * 200000, 413, 'larger'),
        ):
            with raw.Client(self.service.port) as client:
                fault = 'overLimit' if code == 413 else 'badRequest'
                self.assert_fault_sent(
                    client,
                    raw.request(
                        'POST', '/', 'Transfer-Encoding: chunked', body=chunks
                    ),
                    code,
                    fault,
                    text,
                )
        self.assert_calm()

    def test_what_is_too_large(self):
        for data, code, text in (
            (
                raw.request('GET', '/' + 'x' * 3500, 'X-A: ' + 'b' * 999),
                431,
                '4096',
            ),
            (raw.request('GET', '/', *['X-A: b'] * 200), 431, 'lines'),
        ):
            with raw.Client(self.service.port) as client:
                self.assert_fault_sent(client, data, code, 'badRequest', text)
        self.assert_calm()

    def test_a_body_that_is_too_large(self):
        limit = self.conf.oslo_middleware.max_request_body_size
        for expects in ([], ['Expect: 100-continue']):
            with raw.Client(self.service.port) as client:
                # All of it is sent, and the answer is read all the same.
                self.assert_fault_sent(
                    client,
                    raw.request(
                        'POST',
                        '/',
                        'Accept: application/json',
                        *expects,
                        f'Content-Length: {limit + 1}',
                        body=b' ' * (limit + 1),
                    ),
                    413,
                    'overLimit',
                    f'larger than {limit} bytes',
                )
        self.assert_calm()

    def test_nothing_is_unpacked(self):
        zeros = b'0' * (64 * 1024 * 1024)
        for coding, pack in (
            ('gzip', gzip.compress),
            ('deflate', zlib.compress),
            ('x-bz2', bz2.compress),
        ):
            bomb = pack(zeros)
            with self.subTest(coding), raw.Client(self.service.port) as client:
                status, _, body = client.ask(
                    raw.request(
                        'POST',
                        f'/v1.0/{base.PROJECT}/backups',
                        f'X-Auth-Token: alice:{base.PROJECT}',
                        'Content-Type: application/json',
                        f'Content-Encoding: {coding}',
                        f'Content-Length: {len(bomb)}',
                        body=bomb,
                    )
                )

                self.assertEqual((415, ['badMediaType']), (status, list(body)))
                self.assertIn('Content-Encoding', str(body))
        self.assert_calm()

    def test_endless_headers_take_no_memory(self):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        lines = b'X-A: ' + b'b' * 1019 + b'\r\n'
        with raw.Client(self.service.port) as client:
            client.send(b'GET / HTTP/1.1\r\n')
            with contextlib.suppress(OSError):
                for _ in range(20000):
                    client.send(lines)
            client.is_closed()

        _, peak = tracemalloc.get_traced_memory()
        self.assertLess(peak, 5 * 1024 * 1024)
        self.assert_served()

    def test_what_comes_at_once_is_answered_in_turn(self):
        with raw.Client(self.service.port) as client:
            first = client.ask(raw.request() + raw.request('GET', '/nothing'))
            second = client.answer()

        self.assertEqual((200, 404), (first[0], second[0]))

    def test_doubled_slashes_stay(self):
        with raw.Client(self.service.port) as client:
            status, _, _ = client.ask(raw.request('GET', '//v1.0//'))

        self.assertEqual(404, status)

    def test_headers_that_say_who_asks_in_another_spelling(self):
        with raw.Client(self.service.port) as client:
            status, _, _ = client.ask(
                raw.request(
                    'GET',
                    f'/v1.0/{base.PROJECT}/instances',
                    'X_User_Id: admin',
                    f'X_Project_Id: {base.PROJECT}',
                )
            )

        self.assertEqual(401, status)
