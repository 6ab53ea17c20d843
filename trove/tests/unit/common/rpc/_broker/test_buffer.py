# SPDX-License-Identifier: Apache-2.0
"""Frames that come together are read together, and answered together."""

from __future__ import annotations

import socket
import struct
import threading

from amqp import transport as amqp_transport

from trove.common.rpc._broker import buffer
from trove.tests import base


def frame(payload: bytes) -> bytes:
    """A frame with a body, on the first channel."""
    return struct.pack('>BHI', 3, 1, len(payload)) + payload + b'\xce'


def ack(tag: int) -> bytes:
    """An acknowledgement on the first channel, as AMQP 0-9-1 has it."""
    payload = struct.pack('>HHQB', 60, 80, tag, 0)
    return struct.pack('>BHI', 1, 1, len(payload)) + payload + b'\xce'


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
        self.broker.settimeout(60)
        header = self.broker.recv(len(amqp_transport.AMQP_PROTOCOL_HEADER))
        self.assertEqual(amqp_transport.AMQP_PROTOCOL_HEADER, header)
        self.looks = 0
        receive = self.transport._quick_recv

        def counted(size: int) -> bytes:
            self.looks += 1
            return receive(size)

        self.transport._quick_recv = counted
        buffer.attach(self.transport)

    def has_frame(self) -> bool:
        return buffer.has_frame(self.transport)

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

    def came(self) -> bytes:
        """What the broker gets, as it was written."""
        return self.broker.recv(100_000)

    def check_nothing_came(self) -> None:
        self.broker.setblocking(False)
        self.assertRaises(BlockingIOError, self.broker.recv, 1)
        self.broker.settimeout(60)

    def test_acknowledgements_go_out_at_the_end(self) -> None:
        reused = bytearray(ack(1))
        with buffer.together(self.transport):
            self.transport.write(memoryview(reused))
            reused[:] = ack(2)
            self.transport.write(memoryview(reused))
            self.check_nothing_came()

        self.assertEqual(ack(1) + ack(2), self.came())
        self.transport.write(ack(3))
        self.assertEqual(ack(3), self.came())

    def test_what_waits_for_an_answer_takes_them_along(self) -> None:
        with buffer.together(self.transport):
            self.transport.write(ack(1))
            self.transport.write(frame(b'open'))
            self.assertEqual(ack(1) + frame(b'open'), self.came())
            self.transport.write(ack(2))

        self.assertEqual(ack(2), self.came())

    def test_another_thread_does_not_wait(self) -> None:
        with buffer.together(self.transport):
            self.transport.write(ack(1))
            other = threading.Thread(
                target=self.transport.write, args=(ack(2),)
            )
            other.start()
            other.join()
            self.assertEqual(ack(2), self.came())

        self.assertEqual(ack(1), self.came())

    def test_they_go_out_after_an_error(self) -> None:
        def fail() -> None:
            with buffer.together(self.transport):
                self.transport.write(ack(1))
                raise TimeoutError

        self.assertRaises(TimeoutError, fail)

        self.assertEqual(ack(1), self.came())

    def test_the_first_error_is_told(self) -> None:
        def fail() -> None:
            with buffer.together(self.transport):
                self.transport.write(ack(1))
                self.transport.sock.close()
                raise LookupError

        self.assertRaises(LookupError, fail)

    def test_who_cannot_write_is_not_connected(self) -> None:
        def fail() -> None:
            with buffer.together(self.transport):
                self.transport.write(ack(1))
                self.transport.sock.close()

        self.assertRaises(OSError, fail)

        self.assertFalse(self.transport.connected)

    def test_one_that_is_built_otherwise_stays_as_it_is(self) -> None:
        other = object()

        buffer.attach(other)

        self.assertFalse(buffer.has_frame(other))
        with buffer.together(other):
            pass  # It writes by itself.
