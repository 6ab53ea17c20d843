# SPDX-License-Identifier: Apache-2.0
"""Frames that have come together are read together, and one by one taken."""

from __future__ import annotations

import socket
import struct

from amqp import transport as amqp_transport

from trove.common.rpc import _buffered
from trove.tests import base


def frame(payload: bytes) -> bytes:
    """A frame with a body, on the first channel."""
    return struct.pack('>BHI', 3, 1, len(payload)) + payload + b'\xce'


class TestBuffered(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        listening = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listening.close)
        host, port = listening.getsockname()
        self.transport = amqp_transport.TCPTransport(f'{host}:{port}', 5)
        self.transport.connect()
        self.addCleanup(self.transport.close)
        self.broker, _ = listening.accept()
        self.addCleanup(self.broker.close)
        self.looks = 0
        receive = self.transport._quick_recv

        def counted(size: int) -> bytes:
            self.looks += 1
            return receive(size)

        self.transport._quick_recv = counted
        _buffered.attach(self.transport)

    def has_frame(self) -> bool:
        return _buffered.has_frame(self.transport)

    def test_frames_that_came_together_take_one_look(self) -> None:
        self.assertFalse(self.has_frame())
        self.broker.sendall(frame(b'one') + frame(b'') + frame(b'three'))

        read = [self.transport.read_frame()[2]]
        self.assertTrue(self.has_frame())
        read.append(self.transport.read_frame()[2])
        read.append(self.transport.read_frame()[2])

        self.assertEqual([b'one', b'', b'three'], read)
        self.assertEqual(1, self.looks)
        self.assertFalse(self.has_frame())

    def test_a_part_of_a_frame_is_none(self) -> None:
        second = frame(b'second')
        for size in range(1, len(second)):
            self.broker.sendall(frame(b'first') + second[:size])
            self.assertEqual(b'first', self.transport.read_frame()[2])
            self.assertFalse(self.has_frame())

            self.broker.sendall(second[size:])
            self.assertEqual(b'second', self.transport.read_frame()[2])

    def test_a_frame_larger_than_a_look_is_whole(self) -> None:
        large = b'x' * 100_000
        self.broker.sendall(frame(large) + frame(b'next'))

        self.assertEqual(large, self.transport.read_frame()[2])
        self.assertEqual(b'next', self.transport.read_frame()[2])

    def test_one_that_is_built_otherwise_stays_as_it_is(self) -> None:
        other = object()

        _buffered.attach(other)

        self.assertFalse(_buffered.has_frame(other))
