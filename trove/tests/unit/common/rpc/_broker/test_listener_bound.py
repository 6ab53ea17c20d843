# SPDX-License-Identifier: Apache-2.0
"""How many messages a server takes before it has begun with them."""

from __future__ import annotations

import contextlib
import threading
from typing import Any
from unittest import mock

import fixtures
import oslo_messaging
from oslo_messaging import opts

from trove.common import exception
from trove.common.rpc._broker import listener
from trove.tests import base
from trove.tests.fixtures import waiting


class Messages:
    """Stands for oslo.messaging's listener: the test says what comes."""

    def start(self, take: Any) -> None:
        self.take = take

    def stop(self) -> None:
        """Nothing comes by itself."""

    def wait(self) -> None:
        """Nothing is on its way."""

    def cleanup(self) -> None:
        """Nothing is held."""


class Work:
    """Carries out messages, once it may."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.done: list[str] = []
        # Threads append: to add to a number is not atomic.
        self.places: list[None] = []

    def expect(self, message: Any) -> contextlib.AbstractContextManager[None]:
        return self._place()

    @contextlib.contextmanager
    def _place(self) -> Any:
        self.places.append(None)
        yield

    def dispatch(self, message: Any) -> None:
        self.may.wait(60)
        self.done.append(message.name)
        if message.name == 'broken':
            raise RuntimeError('as it was told')

    def duplicate(self) -> None:
        raise AssertionError('nothing comes twice')

    doubt = unreadable = duplicate


def message(name: str, size: int = 100) -> Any:
    made = mock.Mock()
    made.name = name
    made.message._raw_message.size = size
    return made


class BoundTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.work = Work()
        self.addCleanup(self.work.may.set)
        # oslo.messaging registers it with its first server.
        self.conf.register_opts(dict(opts.list_opts())[None])
        self.useFixture(
            fixtures.MockPatchObject(listener, '_STUCK_INTERVAL', 300)
        )
        self.taken: list[str] = []

    def serve(self, threads: int) -> None:
        self.config(executor_thread_pool_size=threads)
        self.came = Messages()
        transport = oslo_messaging.get_rpc_transport(self.conf, url='fake:/')
        self.addCleanup(transport.cleanup)
        self.useFixture(
            fixtures.MockPatchObject(
                transport, '_listen', return_value=self.came
            )
        )
        self.server = listener.make_server(
            transport,
            oslo_messaging.Target(topic='t', server='s'),
            self.work,  # type: ignore[arg-type]
            lambda error: False,
        )
        self.server.start()
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.end)
        self.addCleanup(self.work.may.set)

    def read(self, *messages: Any) -> threading.Thread:
        """Have them come, one after the other, in a thread of their own."""

        def come() -> None:
            for each in messages:
                self.came.take([each])
                self.taken.append(each.name)

        thread = threading.Thread(target=come)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.work.may.set)
        return thread

    def until_held_up(self, reader: threading.Thread) -> None:
        waiting.until(
            lambda: self.server._room._waiters or not reader.is_alive(),
            'it is held up, or has read all',
        )

    def test_as_many_wait_as_there_are_threads(self) -> None:
        self.serve(threads=2)

        reader = self.read(*(message(str(n)) for n in range(8)))

        # Two have begun, two wait.
        self.until_held_up(reader)
        self.assertEqual(['0', '1', '2', '3'], self.taken)
        self.work.may.set()
        reader.join()
        waiting.until(lambda: len(self.work.done) == 8, 'all are done')
        self.assertEqual(8, len(self.work.places))

    def test_few_that_are_large_are_enough(self) -> None:
        self.config(rpc_max_message_bytes=100_000)
        self.serve(threads=8)
        self.read(*(message(f'first {n}') for n in range(8))).join()
        waiting.until(lambda: not self.server._waiting, 'all have begun')

        reader = self.read(message('large', 100_000), message('last'))

        self.until_held_up(reader)
        self.assertEqual('large', self.taken[-1])
        self.work.may.set()
        reader.join()
        self.assertEqual('last', self.taken[-1])

    def test_one_that_is_stuck_takes_another_now_and_then(self) -> None:
        self.serve(threads=1)
        with fixtures.MockPatchObject(listener, '_STUCK_INTERVAL', 0.01):
            self.read(*(message(str(n)) for n in range(4))).join()

        self.assertEqual(['0', '1', '2', '3'], self.taken)
        self.assertEqual([], self.work.done)

    def test_its_end_holds_nobody_up(self) -> None:
        self.serve(threads=1)
        reader = self.read(*(message(str(n)) for n in range(3)))
        self.until_held_up(reader)

        self.server.give_up()

        reader.join()

    def test_one_that_breaks_takes_no_other_with_it(self) -> None:
        self.serve(threads=1)
        self.work.may.set()

        self.came.take([message('broken'), message('whole')])

        waiting.until(lambda: len(self.work.done) == 2, 'both were tried')
        self.assertEqual(['broken', 'whole'], self.work.done)
        # And there is room for others.
        self.read(*(message(str(n)) for n in range(4))).join()

    def test_no_thread_is_refused(self) -> None:
        error = self.assertRaises(
            exception.ConfigurationError, self.serve, threads=0
        )

        self.assertIn('executor_thread_pool_size', str(error))
