# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of trove-api with clients that do not mean well."""

import contextlib
import socket
import threading

import fixtures
from waitress import wasyncore

from trove.api import connection
from trove.api import server
from trove.tests.fixtures import waiting
from trove.tests.unit.api import base
from trove.tests.unit.api import raw


class TestSlowClients(raw.TestCase):
    limits = {'request_timeout': 1, 'idle_timeout': 1, 'max_connections': 100}

    def test_they_hold_nobody_up(self):
        slow = [self.connect() for _ in range(40)]
        for client in slow[:20]:
            client.send(b'GET / HTTP/1.1\r\nX-A: b')

        self.assert_served()

        for client in slow[:20]:
            self.assertEqual(408, client.answer()[0])
        for client in slow:
            self.assertTrue(client.is_closed())
        self.assert_calm()

    def test_one_that_drips(self):
        client = self.connect()
        stop = threading.Event()

        def drip():
            with contextlib.suppress(OSError):
                client.send(b'GET / HTTP/1.1\r\n')
                while not stop.wait(0.05):
                    client.send(b'X-A: b\r\n')

        thread = threading.Thread(target=drip)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)

        self.assert_fault_sent(client, b'', 408, 'badRequest', 'in time')
        self.assert_calm()

    def test_a_body_that_stops(self):
        for head in 'Content-Length: 9', 'Transfer-Encoding: chunked':
            client = self.connect()

            self.assert_fault_sent(
                client,
                raw.request(
                    'POST', '/v1.0/p/instances', head, body=b'4\r\n{}'
                ),
                408,
                'badRequest',
                'in time',
            )
        self.assert_calm()

    def test_one_that_stops_behind_an_answer(self):
        client = self.connect()

        status, _, _ = client.ask(raw.request() + b'GET / HT')

        self.assertEqual(200, status)
        self.assertEqual(408, client.answer()[0])

    def test_one_that_goes_away_within_a_body(self):
        with raw.Client(self.service.port) as client:
            client.send(
                raw.request('POST', '/', 'Content-Length: 9', body=b'{')
            )

        self.assert_served()
        self.assert_calm()


class TestManyConnections(raw.TestCase):
    limits = {'max_connections': 5}
    threads = 16

    def test_those_that_carry_nothing_make_room(self):
        idle = [self.connect() for _ in range(12)]
        idle[-1].send(raw.request())

        self.assertEqual(200, idle[-1].answer()[0])
        self.assert_served()

        for client in idle[:7]:
            self.assertTrue(client.is_closed())
        self.assertIn('max_connections', self.logs.output)

    def test_those_that_carry_requests_stay(self):
        asked, go_on = threading.Semaphore(0), threading.Event()
        self.addCleanup(go_on.set)

        def wait(**arguments):
            asked.release()
            go_on.wait(raw.PATIENCE)

        self.transport.on_send = wait
        clients = []
        for _ in range(5):
            clients.append(self.connect())
            clients[-1].send(
                raw.request(
                    'GET',
                    f'/v1.0/{base.PROJECT}/instances/{self.active().id}'
                    '/databases',
                    f'X-Auth-Token: alice:{base.PROJECT}',
                )
            )
        for _ in clients:
            self.assertTrue(asked.acquire(timeout=raw.PATIENCE))

        def is_turned_away():
            with raw.Client(self.service.port) as client:
                try:
                    status, headers, body = client.answer()
                except (EOFError, OSError):
                    return False
                return (
                    status == 503
                    and 'retry-after' not in headers
                    and body['serviceUnavailable']['code'] == 503
                )

        waiting.until(
            is_turned_away, 'further ones are turned away', raw.PATIENCE
        )
        go_on.set()
        for client in clients:
            self.assertEqual(200, client.answer()[0])


class TestShares(base.TestCase):
    """What comes at once is for several processes."""

    def serve(self, listener):
        limits = connection.Limits(
            1, 100, 1000, 1000, raw.PATIENCE, raw.PATIENCE
        )
        served = server.Server(None, listener.dup(), limits)
        self.addCleanup(served.close)
        self.addCleanup(served.task_dispatcher.shutdown, timeout=60)
        self.addCleanup(
            lambda: wasyncore.close_all(served.active_channels.copy())
        )
        return served

    def test_the_others_have_their_turn(self):
        self.useFixture(fixtures.MockPatchObject(server, '_OTHERS_TURN', 3600))
        with server.listen('127.0.0.1', 0, 20) as listener:
            first, second = self.serve(listener), self.serve(listener)
            for _ in range(8):
                client = socket.create_connection(listener.getsockname())
                self.addCleanup(client.close)
            self.assertTrue(first.readable())

            first.handle_accept()
            self.assertFalse(first.readable())
            second.handle_accept()

        self.assertEqual(1, len(first.active_channels))
        self.assertEqual(1, len(second.active_channels))

    def test_who_has_many_takes_several(self):
        with server.listen('127.0.0.1', 0, 100) as listener:
            served = self.serve(listener)
            for _ in range(40):
                client = socket.create_connection(listener.getsockname())
                self.addCleanup(client.close)

            turns = 0
            while len(served.active_channels) < 40:
                waiting.until(served.readable, 'its turn comes again')
                served.handle_accept()
                turns += 1

        self.assertLess(turns, 25)


class TestStop(raw.TestCase):
    def test_what_was_taken_is_answered(self):
        asked, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def wait(**arguments):
            asked.set()
            go_on.wait(raw.PATIENCE)

        instance = self.active()
        self.transport.on_send = wait
        idle, client = self.connect(), self.connect()
        client.send(
            raw.request(
                'GET',
                f'/v1.0/{base.PROJECT}/instances/{instance.id}/databases',
                f'X-Auth-Token: alice:{base.PROJECT}',
            )
        )
        self.assertTrue(asked.wait(raw.PATIENCE))
        stopping = threading.Thread(target=self.service.stop)
        stopping.start()

        def refuses():
            with socket.socket() as new:
                return new.connect_ex(('127.0.0.1', self.service.port)) != 0

        waiting.until(refuses, 'no connection is taken', raw.PATIENCE)
        go_on.set()

        status, headers, _ = client.answer()
        self.assertEqual(200, status)
        # Else the next request would go to a connection that is closed.
        self.assertEqual('close', headers.get('connection'))
        stopping.join(raw.PATIENCE)
        self.assertTrue(client.is_closed())
        self.assertTrue(idle.is_closed())
