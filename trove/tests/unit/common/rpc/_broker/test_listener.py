# SPDX-License-Identifier: Apache-2.0
"""Servers and a message broker that is away."""

from __future__ import annotations

from concurrent import futures
import threading
from unittest import mock

import fixtures

from trove.common import exception
from trove.common.rpc._broker import errors
from trove.common.rpc._broker import listener
from trove.tests import base
from trove.tests.fixtures import waiting


class Server:
    """An RPC server whose broker can be away."""

    def __init__(self):
        self.broker = threading.Event()
        self.given_up = False
        self.done = []

    def start(self):
        self.broker.wait(30)
        self.done.append('start')

    def give_up(self):
        self.given_up = True

    def end(self):
        self.done.append('stop')

    def wait(self):
        self.done.append('wait')


class TestListener(base.TestCase):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.broker.set)
        self.problem = None
        self.listener = listener.Listener(self.server, lambda: self.problem)
        self.useFixture(
            fixtures.MockPatchObject(listener, '_START_TIMEOUT', 0.05)
        )

    def test_broker_is_there(self):
        self.server.broker.set()

        self.listener.start()
        waiting.until(lambda: self.server.done, 'it listens')
        waiting.until(lambda: self.listener._settled.is_set(), 'it settled')
        self.listener.stop()
        self.listener.wait()

        self.assertEqual(['start', 'stop', 'wait'], self.server.done)

    def test_broker_comes_later(self):
        self.listener.start()

        self.assertIn('broker is unreachable', self.logs.output)
        self.server.broker.set()
        waiting.until(lambda: self.server.done == ['start'], 'it listens')

    def test_broker_is_there_and_refuses(self):
        self.problem = exception.ConfigurationError('ssl_ca_file is wrong')

        error = self.assertRaises(
            exception.ConfigurationError, self.listener.start
        )

        self.assertIn('ssl_ca_file', str(error))

    def given_what_may_pass(self):
        self.problem = errors.MayPass('vhost trove not found')

    def begin(self):
        """Start it, and wait until it waits for that to pass."""
        pool = futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        starting = pool.submit(self.listener.start)
        waiting.until(
            lambda: 'for this error to pass' in self.logs.output, 'it is told'
        )
        return starting

    def test_broker_that_refuses_while_it_starts(self):
        """Given a cluster that restarted, all services ended."""
        self.given_what_may_pass()
        starting = self.begin()
        self.assertIn('vhost trove not found', self.logs.output)

        self.server.broker.set()

        self.assertIsNone(starting.exception(60))
        self.assertNotIn('broker is unreachable', self.logs.output)
        self.assertEqual(['start'], self.server.done)

    def test_broker_that_goes_on_to_refuse_what_could_pass(self):
        self.given_what_may_pass()
        self.useFixture(
            fixtures.MockPatchObject(listener, '_TRANSIENT_TIMEOUT', 0.05)
        )

        error = self.assertRaises(
            exception.ConfigurationError, self.listener.start
        )

        self.assertIn('not found', str(error))
        self.assertTrue(self.server.given_up)

    def test_broker_that_refuses_something_else_then(self):
        self.given_what_may_pass()
        starting = self.begin()

        self.problem = exception.ConfigurationError('ssl_ca_file is wrong')

        self.assertIn('ssl_ca_file', str(starting.exception(60)))

    def test_broker_that_refuses_and_goes_away(self):
        self.given_what_may_pass()
        starting = self.begin()

        self.problem = None

        self.assertIsNone(starting.exception(60))
        self.assertIn('broker is unreachable', self.logs.output)

    def test_stop_does_not_wait_for_the_broker(self):
        self.listener.start()

        self.listener.stop()
        self.listener.wait()

        self.assertEqual([], self.server.done)
        # And: should the broker come after all, nothing is taken.
        self.server.broker.set()
        waiting.until(
            lambda: self.server.done == ['start', 'stop', 'wait'],
            'it is stopped again',
        )

    def test_error_of_the_driver_is_raised(self):
        self.server.start = mock.Mock(side_effect=ValueError('bad url'))
        with mock.patch.object(listener, '_START_TIMEOUT', 20):
            self.assertRaisesRegex(ValueError, 'bad url', self.listener.start)

    def test_error_that_comes_later_is_logged(self):
        def start():
            self.server.broker.wait(30)
            raise ValueError('bad password')

        self.server.start = start
        self.listener.start()
        self.server.broker.set()

        waiting.until(
            lambda: 'restart the service' in self.logs.output,
            'the error is logged',
        )
