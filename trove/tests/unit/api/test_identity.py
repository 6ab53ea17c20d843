# SPDX-License-Identifier: Apache-2.0
"""Keystone is away, silent, or drips; its place is taken by a socket."""

from __future__ import annotations

import socket
import threading

import fixtures
from keystoneauth1 import loading as ks_loading
from keystonemiddleware import opts

from trove.api import gate
from trove.api import identity
from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.unit.api import base

URL = f'/v1.0/{base.PROJECT}'


class Listener(fixtures.Fixture):
    """Takes connections, and says what it is told to say.

    :ivar taken: connections so far
    """

    def __init__(self, says=b''):
        super().__init__()
        self._says = says

    def _setUp(self):
        self.taken = []
        self._end = threading.Event()
        self._socket = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.addCleanup(self._socket.close)
        self.port = self._socket.getsockname()[1]
        thread = threading.Thread(target=self._run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self._stop)

    def _run(self):
        while True:
            connection, _ = self._socket.accept()
            if self._end.is_set():
                connection.close()
                return
            self.taken.append(connection)
            threading.Thread(
                target=self._answer, args=(connection,), daemon=True
            ).start()

    def _answer(self, connection):
        for number in range(len(self._says)):
            if self._end.wait(0.2):
                break
            connection.sendall(self._says[number : number + 1])
        self._end.wait()
        connection.close()

    def _stop(self):
        self._end.set()
        socket.create_connection(('127.0.0.1', self.port)).close()


class IdentityTest(base.TestCase):
    def setUp(self):
        # When all is reset: others do without what it makes necessary.
        self.addCleanup(self.forget)
        super().setUp()
        self.config(auth_strategy='keystone', trove_api_threads=4)
        self.conf.register_opts(
            opts.list_auth_token_opts()[0][1], group=identity.GROUP
        )
        ks_loading.register_auth_conf_options(self.conf, identity.GROUP)
        self.conf.register_opts(self.options(), group=identity.GROUP)

    def options(self):
        return ks_loading.get_auth_plugin_conf_options(
            ks_loading.get_plugin_loader('password')
        )

    def forget(self):
        self.conf.unregister_opts(self.options(), group=identity.GROUP)

    def given(self, port, **options):
        self.config(
            group=identity.GROUP,
            auth_type='password',
            auth_url=f'http://127.0.0.1:{port}/v3',
            username='trove',
            password='p',
            project_name='service',
            user_domain_name='Default',
            project_domain_name='Default',
            **options,
        )
        self.load()

    def given_silent(self, says=b''):
        listener = self.useFixture(Listener(says))
        self.given(
            listener.port, http_connect_timeout=1, http_request_max_retries=0
        )
        return listener

    def ask(self, token='secret'):
        return self.client.simulate_get(
            f'{URL}/flavors', headers={'X-Auth-Token': token}
        )

    def assert_unavailable(self, response):
        self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertIn('Keystone', response.text)

    def test_one_that_is_away_does_not_refuse_the_token(self):
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        self.given(port, http_request_max_retries=0)

        self.assert_unavailable(self.ask())

        self.assertIn('Keystone does not answer', self.logs.output)
        self.assertNotIn('secret', self.logs.output)

    def test_one_that_is_silent_has_limits_by_default(self):
        listener = self.useFixture(Listener())
        self.given(listener.port)

        found = self.conf[identity.GROUP]

        self.assertEqual(
            (5, 1),
            (found.http_connect_timeout, found.http_request_max_retries),
        )

    def test_who_has_no_token_needs_none_to_say_so(self):
        self.given_silent()

        response = self.client.simulate_get(f'{URL}/flavors')

        self.assert_fault(response, 401, 'unauthorized')

    def test_its_silence_is_remembered(self):
        listener = self.given_silent()
        self.assert_unavailable(self.ask())
        asked = len(listener.taken)

        for _ in range(3):
            self.assert_unavailable(self.ask('another'))

        self.assertLess(0, asked)
        self.assertEqual(asked, len(listener.taken))
        self.assertEqual(1, self.logs.output.count('does not answer'))

    def test_it_is_asked_again_after_a_moment(self):
        self.useFixture(fixtures.MonkeyPatch('trove.api.identity.SILENCE', 0))
        listener = self.given_silent()
        self.assert_unavailable(self.ask())
        asked = len(listener.taken)

        self.assert_unavailable(self.ask())

        self.assertLess(asked, len(listener.taken))

    def test_one_that_drips_ends_too(self):
        self.useFixture(fixtures.MonkeyPatch('trove.api.identity.TOTAL', 1.5))
        self.given_silent(b'HTTP/1.1 200 OK\r\n' + b'x: y\r\n' * 1000)

        self.assert_unavailable(self.ask())

        self.assertIn('no answer within', self.logs.output)

    def test_an_odd_token_keeps_nobody_out(self):
        listener = self.given_silent()

        # The client of this test strips what real ones send.
        for token in 'x\xa0x', 'x\x85x', 'x\xe9', 'x' * 20_000:
            self.assertEqual(401, self.ask(token).status_code, token[:5])

        self.assertEqual([], listener.taken)
        self.assertNotIn('Keystone does not', self.logs.output)

    def test_many_new_tokens_at_once_are_only_many(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.api.identity.PLACE_TIMEOUT', 60)
        )
        go_on, asked = threading.Event(), threading.Event()

        class Keystone:
            def verify_token(self, token):
                asked.set()
                go_on.wait(60)
                return token

        keystone, answers = identity.Identity(Keystone(), gate.Gate(2)), []
        crowd = [
            threading.Thread(
                target=lambda n=n: answers.append(keystone.verify_token(n))
            )
            for n in 'abcd'
        ]
        crowd[0].start()
        asked.wait(60)
        for each in crowd[1:]:
            each.start()
        go_on.set()
        for each in crowd:
            each.join()

        self.assertEqual(['a', 'b', 'c', 'd'], sorted(answers))

    def test_once_it_is_slow_nobody_waits_for_a_place(self):
        go_on, asked = threading.Event(), threading.Event()

        class Keystone:
            def verify_token(self, token):
                asked.set()
                go_on.wait(60)

        self.useFixture(
            fixtures.MonkeyPatch('trove.api.identity.PLACE_TIMEOUT', 0.01)
        )
        keystone = identity.Identity(Keystone(), gate.Gate(2))
        first = threading.Thread(target=keystone.verify_token, args=('a',))
        first.start()
        asked.wait(60)
        self.assertRaises(
            exception.ServiceUnavailable, keystone.verify_token, 'b'
        )

        self.useFixture(
            fixtures.MonkeyPatch('trove.api.identity.PLACE_TIMEOUT', 3600)
        )
        self.assertRaises(
            exception.ServiceUnavailable, keystone.verify_token, 'c'
        )

        go_on.set()
        first.join()
        keystone.verify_token('d')
        self.assertEqual(1, self.logs.output.count('Keystone is slow'))

    def test_it_does_not_take_all_threads(self):
        listener = self.given_silent()
        self.config(group=identity.GROUP, http_connect_timeout=60)
        self.load()
        answers = []

        def ask():
            answers.append(self.ask().status_code)

        # All that wait for it, and then one more.
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        waiting.until(
            lambda: (
                listener.taken
                and sum(
                    each.name == 'keystone' for each in threading.enumerate()
                )
                == 2
            ),
            'they wait',
        )

        self.assert_unavailable(self.ask())
        self.assertEqual(200, self.client.simulate_get('/').status_code)
        # A request without a token waits for nobody either.
        self.assertEqual([], answers)

        def hang_up():
            while listener.taken:
                listener.taken.pop().shutdown(socket.SHUT_RDWR)
            return len(answers) == 2

        waiting.until(hang_up, 'they end')
        self.assertEqual([503, 503], answers)
