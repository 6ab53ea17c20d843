# SPDX-License-Identifier: Apache-2.0
"""Certificates in Barbican, asked as its API documents it."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import http.server
import json
import threading
from typing import Any
import uuid

from trove.cloud import certificates
from trove.common import context as trove_context
from trove.common import exception
from trove.tests import base

SECRET = str(uuid.uuid4())


class _Server(http.server.ThreadingHTTPServer):
    """Answers each request with a status and a body, and notes it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.bodies: list[tuple[str, bytes]] = []
        self.answer: tuple[int, bytes] = (200, b'secret')
        self.unacceptable: set[str] = set()
        self.answered = threading.Event()
        self.answered.set()
        super().__init__(('127.0.0.1', 0), _handler(self))


def _handler(server: _Server) -> Callable[..., Any]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append((self.path, self.headers['X-Auth-Token']))
            length = int(self.headers['Content-Length'] or 0)
            server.bodies.append((self.command, self.rfile.read(length)))
            status, body = server.answer
            server.answered.wait(30)
            if self.headers['Accept'] in server.unacceptable:
                status = 406
            self.send_response(status)
            self.send_header('Content-Length', str(len(body)))
            self.send_header('Location', 'http://127.0.0.1:1/')
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(body)

        do_POST = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


class BarbicanTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = _Server()
        self.addCleanup(self.server.server_close)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        self.driver = certificates.load(self.conf)
        self.context = trove_context.TroveContext(
            auth_token='token',
            service_catalog=[
                {
                    'type': 'key-manager',
                    'endpoints': [
                        {'region': 'RegionOne', 'publicURL': f'{self.url}/v1'}
                    ],
                }
            ],
        )

    def read(self, reference: str = SECRET) -> bytes:
        return self.driver.read(self.context, reference, 'container_ref')

    def test_a_secret(self) -> None:
        self.assertEqual(b'secret', self.read())

        path = f'/v1/secrets/{SECRET}/payload'
        self.assertEqual([(path, 'token')], self.server.asked)

    def test_one_that_is_a_text(self) -> None:
        self.server.unacceptable = {'application/octet-stream'}

        self.assertEqual(b'secret', self.read())

        self.server.unacceptable.add('text/plain')
        self.assertRaises(exception.BadRequest, self.read)

    def test_consumers(self) -> None:
        self.driver.register(self.context, SECRET, 'one')
        reference = f'{self.url}/v1/secrets/{SECRET}'
        for status in 200, 404:
            self.server.answer = (status, b'')
            self.driver.release(self.context, reference, 'one')

        path = f'/v1/secrets/{SECRET}/consumers'
        self.assertEqual([(path, 'token')] * 3, self.server.asked)
        self.assertEqual(
            ['POST', 'DELETE', 'DELETE'],
            [method for method, _ in self.server.bodies],
        )
        self.assertEqual(
            {
                'service': 'database',
                'resource_type': 'instance',
                'resource_id': 'one',
            },
            json.loads(self.server.bodies[0][1]),
        )
        self.server.answer = (403, b'hunter2')
        for call in self.driver.register, self.driver.release:
            error = self.assertRaises(
                exception.Forbidden, call, self.context, SECRET, 'one'
            )
            self.assertNotIn('hunter2', str(error))

    def test_one_that_is_slow(self) -> None:
        self.config(group='certificates', timeout=1)
        answered = threading.Event()
        self.addCleanup(answered.set)
        self.server.answered = answered

        error = self.assertRaises(exception.ServiceUnavailable, self.read)

        self.assertIn('did not answer', str(error))

    def test_the_token_is_sent_to_no_other_address(self) -> None:
        self.read(f'http://evil.example.org/v1/secrets/{SECRET}')

        self.assertEqual(1, len(self.server.asked))
        for reference in (
            'http://evil.example.org/',
            f'../{SECRET}',
            f'{SECRET}/../../containers',
            f'{SECRET}?x',
        ):
            self.assertRaises(exception.BadRequest, self.read, reference)
        self.assertEqual(1, len(self.server.asked))

    def test_an_address_of_the_options(self) -> None:
        self.context.service_catalog = []
        self.assertRaises(exception.ConfigurationError, self.read)

        self.config(group='certificates', barbican_url=self.url)

        self.assertEqual(b'secret', self.read())

    def test_what_is_refused(self) -> None:
        for status, error in (
            (401, exception.Forbidden),
            (403, exception.Forbidden),
            (404, exception.BadRequest),
            (302, exception.ServiceUnavailable),
            (500, exception.ServiceUnavailable),
        ):
            self.server.answer = (status, b'hunter2')
            said = str(self.assertRaises(error, self.read))
            self.assertIn(str(status), said)
            self.assertNotIn('hunter2', said)
        self.assertEqual(5, len(self.server.asked))

    def test_one_that_is_too_large(self) -> None:
        self.server.answer = (200, b'x' * (1 << 20) + b'y')

        self.assertRaises(exception.BadRequest, self.read)

    def test_one_that_is_away(self) -> None:
        self.config(group='certificates', barbican_url='http://127.0.0.1:1')

        error = self.assertRaises(exception.ServiceUnavailable, self.read)

        self.assertIn('Barbican', str(error))

    def test_without_a_token(self) -> None:
        self.context.auth_token = None

        error = self.assertRaises(exception.BadRequest, self.read)

        self.assertIn('no token', str(error))
