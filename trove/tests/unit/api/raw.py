# SPDX-License-Identifier: Apache-2.0
"""Clients that send whatever they like, and an API to send it to."""

from __future__ import annotations

import contextlib
import json
import select
import socket

from trove.api import service
from trove.tests.unit.api import base

#: Long enough for a busy machine, short enough for a test.
PATIENCE = 60


class Client:
    """A connection on which anything can be sent."""

    def __init__(self, port):
        self.socket = socket.create_connection(
            ('127.0.0.1', port), timeout=PATIENCE
        )
        self._unread = b''

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, data):
        """Send, and return status, headers and body of the answer."""
        with contextlib.suppress(OSError):
            self.send(data)
        return self.answer()

    def answer(self):
        while b'\r\n\r\n' not in self._unread:
            self._read()
        head, _, self._unread = self._unread.partition(b'\r\n\r\n')
        first, *lines = head.decode('latin-1').split('\r\n')
        headers = {
            name.lower(): value
            for name, _, value in (line.partition(': ') for line in lines)
        }
        length = int(headers['content-length'])
        while len(self._unread) < length:
            self._read()
        body, self._unread = self._unread[:length], self._unread[length:]
        return int(first.split()[1]), headers, json.loads(body)

    def everything(self):
        """Return all bytes until the other side closes."""
        return b''.join(iter(lambda: self.socket.recv(65536), b''))

    def has_answer(self):
        """Whether something has come, without waiting for it."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def _read(self):
        more = self.socket.recv(65536)
        if not more:
            raise EOFError(self._unread)
        self._unread += more

    def is_closed(self):
        """Whether the other side closes before the test loses patience."""
        try:
            while self.socket.recv(65536):
                pass  # What comes before the end.
        except ConnectionResetError:
            return True
        return True


def request(verb='GET', path='/', *lines, body=b'', host='Host: x'):
    head = [f'{verb} {path} HTTP/1.1', *([host] if host else []), *lines]
    return '\r\n'.join([*head, '', '']).encode('latin-1') + body


class TestCase(base.TestCase):
    limits: dict[str, int] = {}
    threads = 2

    def setUp(self):
        super().setUp()
        self.config(bind_host='127.0.0.1', bind_port=0)
        self.config(trove_api_threads=self.threads)
        self.config(group='api_server', **self.limits)
        self.service = service.API(self.conf, self.transport, self.cloud)
        self.addCleanup(self.service.stop)
        self.service.start()

    def connect(self):
        client = Client(self.service.port)
        self.addCleanup(client.socket.close)
        return client

    def assert_served(self):
        """Then whoever means well is answered."""
        with Client(self.service.port) as client:
            self.assertEqual(200, client.ask(request())[0])

    def assert_fault_sent(self, client, data, code, fault, text):
        """Then the answer is a fault, and nothing else was understood."""
        status, headers, body = client.ask(data)
        self.assertEqual((code, [fault]), (status, list(body)), body)
        self.assertEqual(code, body[fault]['code'])
        self.assertIn(text, body[fault]['message'])
        self.assertEqual('application/json', headers['content-type'])
        self.assertIn('x-openstack-request-id', headers)
        self.assertTrue(client.is_closed())

    def assert_calm(self):
        self.assertNotIn('Traceback', self.logs.output)
