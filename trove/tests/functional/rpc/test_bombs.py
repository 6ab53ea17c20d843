# SPDX-License-Identifier: Apache-2.0
"""Messages that cost their reader more than they cost their sender.

They are sent to every queue that somebody reads; nothing of them is unpacked,
they do not come again, and the next good message is taken.
"""

from __future__ import annotations

import functools
import json
import signal
import struct
import sys
import uuid

import fixtures
import kombu.compression
import kombu.serialization

from trove.common import rpc
from trove.objects.rejected import journal
from trove.tests.fixtures import database
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.fixtures import wiretap
from trove.tests.functional.rpc import base
from trove.tests.functional.rpc import test_hostile_peers as hostile
from trove.tests.unit.common.rpc import sample

_MIB = 1024 * 1024


class Codec(fixtures.Fixture):
    """One more way to compress; it says when somebody unpacks."""

    name = 'application/x-trove-test'

    def _setUp(self):
        self.unpacked = []
        kombu.compression.register(
            lambda body: body, self.unpacked.append, self.name
        )


def codecs():
    """All that kombu knows, by all of their names."""
    known = [*kombu.compression.encoders(), *kombu.compression._aliases]
    return [name for name in known if name != Codec.name]


@functools.cache
def zeros(codec):
    """So many that they would be seen, in some bytes."""
    return kombu.compression.compress(bytes(64 * _MIB), codec)[0]


def table(value):
    """Properties with one header, ``x``, of a type with its value."""
    entry = b'\x01x' + value
    return struct.pack('>HI', 0x2000, len(entry)) + entry


def nested(levels):
    value = b'V'
    for _ in range(levels):
        value = b'\x01x' + value
        value = b'F' + struct.pack('>I', len(value)) + value
    return table(value)


#: What py-amqp raises an error for, in place of reading on.
PROPERTIES = {
    'a content type that is no text': b'\x80\x00\x02\xff\xfe',
    'a time after the end of times': table(b'T' + b'\x7f' * 8),
    'headers in headers': nested(2000),
    'large headers': table(b'S' + struct.pack('>I', 60_000) + b'x' * 60_000),
}


def envelope(**message):
    return wiretap.envelope(message)


#: What is of no use, or breaks who reads it as oslo.messaging does.
BODIES = {
    'deep': envelope(method='x', args=json.loads('[' * 900 + ']' * 900)),
    'deeper': '{"oslo.version": "2.0", "oslo.message": "%s"}' % ('[' * 99_999),
    'digits': '{"method": "x", "args": {"x": %s}}' % ('9' * 4000),
    'large number': '{"method": "x", "args": {"x": 1e400}}',
    'no number': '{"method": "x", "args": {"x": NaN}}',
    'infinite': '{"method": "x", "args": {"x": -Infinity}}',
    'one name twice': '{"method": "x", "method": "y"}',
    'pairs': '[["method", "x"]]',
    'envelope in it': wiretap.envelope(json.loads(envelope(method='x'))),
    'other envelope': '{"oslo.version": "2.1", "oslo.message": "{}"}',
    'the context itself': envelope(method='x', _context_self=1),
    'reply queue': envelope(method='x', _reply_q=['x'], _msg_id='x'),
    'long reply queue': envelope(method='x', _reply_q='x' * 300, _msg_id='x'),
    'queue of others': envelope(method='x', _reply_q='trove', _msg_id='x'),
    'message id': envelope(method='x', _msg_id={}),
    'unique id': envelope(method='x', _unique_id=[]),
    'timeout': envelope(method='x', _timeout='x'),
    'failure': envelope(failure='[' * 10_000, _msg_id='x'),
    'failure of nothing': envelope(failure='{}', _msg_id='x'),
}


def formats(honest):
    """An honest body in other types and encodings than are read."""
    for kind in kombu.serialization.registry.type_to_name:
        if kind != 'application/json':
            yield {'content_type': kind}
    yield {'content_type': None}
    for encoding in (
        *('base64', 'binary', 'utf-7', 'utf-16', 'idna', 'punycode'),
        *('unicode_escape', 'zlib', 'gzip', 'rot13', '', None),
    ):
        yield {'content_encoding': encoding}
    for name in codecs():
        yield {'application_headers': {'compression': name}}


class BombsTestCase(hostile.HostileTestCase):
    def setUp(self):
        super().setUp()
        self.codec = self.useFixture(Codec())
        self.before = self.counted()
        self.queues = [
            {},
            {'routing_key': f'{self.topic}.here'},
            {'exchange': f'{self.topic}_fanout', 'routing_key': b'\xff\xfe'},
        ]

    def honest(self):
        return wiretap.envelope(
            self.capture() | {'_unique_id': uuid.uuid4().hex}
        ).encode()

    def counted(self):
        name = self.CLIENT.interface.name
        return rpc.counts().get((name, 'unknown', 'unknown', 'rejected'), 0)

    def are_gone(self, count, causes):
        self.refused(*causes, count=count)
        self.assertEqual([], self.codec.unpacked)
        self.assertEqual(count, self.counted() - self.before)
        self.still_serves()
        self.server.stop()
        self.server.wait()
        for queue in self.topic, f'{self.topic}.here':
            self.assertEqual(0, self.wire.waiting(queue))


class AnyTopic:
    """The same for all of them."""

    def test_compressed(self):
        honest = self.honest()
        bombs = [(Codec.name, honest)]
        for name in codecs():
            bombs.append((name, kombu.compression.compress(honest, name)[0]))
            bombs.append((name, zeros(kombu.compression.get_encoder(name)[1])))

        for queue in self.queues:
            for name, body in bombs:
                self.wire.publish(
                    body,
                    application_headers={'compression': name},
                    **queue,
                )

        self.assertGreater(len(bombs), 10)
        self.are_gone(len(bombs) * len(self.queues), ('form',))

    def test_other_types_and_encodings(self):
        honest = self.honest()
        changes = list(formats(honest))

        for queue in self.queues:
            for change in changes:
                self.wire.publish(honest, **change, **queue)

        self.are_gone(len(changes) * len(self.queues), ('form',))

    def test_what_breaks_its_reader(self):
        for body in BODIES.values():
            for queue in self.queues:
                self.wire.publish(body, **queue)
        self.wire.publish('{}'.encode('utf-16'))
        for properties in PROPERTIES.values():
            self.wire.publish_raw(b'{}', properties)

        self.are_gone(
            len(BODIES) * len(self.queues) + 1 + len(PROPERTIES),
            ('form', 'size'),
        )

    def test_large(self):
        self.config(rpc_max_message_bytes=65_536)
        for queue in self.queues:
            self.wire.publish('x' * 65_537, **queue)
            self.wire.publish('[' + '0,' * 30_000 + '0]', **queue)

        self.are_gone(2 * len(self.queues), ('form', 'size'))


class GuestTopicTest(AnyTopic, BombsTestCase):
    pass


class TaskManagerTopicTest(AnyTopic, BombsTestCase):
    CLIENT = hostile.TaskManagerTopicTest.CLIENT
    METHOD = hostile.TaskManagerTopicTest.METHOD
    ARGUMENTS = hostile.TaskManagerTopicTest.ARGUMENTS


class ConductorTopicTest(AnyTopic, BombsTestCase):
    CLIENT = hostile.ConductorTopicTest.CLIENT
    METHOD = hostile.ConductorTopicTest.METHOD
    ARGUMENTS = hostile.ConductorTopicTest.ARGUMENTS


class ReplyQueueTest(base.BrokerTestCase):
    def make_broker(self):
        return hostile.shared_broker()

    def test_bombs_in_place_of_replies(self):
        # Given somebody who waits for replies,
        transport = self.connected()
        self.serve(transport, sample.Manager())
        api = sample.API(transport, 'x', timeout=30)
        api.paint(self.context, 'cup')
        queue = next(
            each
            for each in self.broker.queues()
            if each.startswith('reply_') and 'spy' not in each
        )
        wire = self.useFixture(wiretap.Wiretap(self.broker.url, queue))
        codec = self.useFixture(Codec())
        before = self.refused()

        # when what comes is none,
        reply = envelope(result='x', failure=None, ending=True, _msg_id='x')
        changes = list(formats(reply))
        for change in changes:
            wire.publish(reply, **change)
        for body in BODIES.values():
            wire.publish(body)
        for properties in PROPERTIES.values():
            wire.publish_raw(b'{}', properties)
        wire.publish('x' * 17 * _MIB)

        # then it is counted, told of with measure, and replies are read.
        count = len(changes) + len(BODIES) + len(PROPERTIES) + 1
        waiting.until(
            lambda: self.refused() - before == count, f'{count} are counted'
        )
        api.paint(self.context, 'pot')
        self.assertEqual([], codec.unpacked)
        self.assertEqual(0, wire.waiting())
        told = self.logs.output.count('Rejected a message in the queue')
        self.assertEqual(10, told)

    def refused(self):
        return rpc.counts().get(('reply', 'unknown', 'unknown', 'rejected'), 0)


class VictimTest(base.BrokerTestCase):
    """In a process of its own, which may end, and whose size is known."""

    def make_broker(self):
        return hostile.shared_broker()

    def victim(self, kind):
        self.database = self.useFixture(database.SQLiteDatabase())
        self.database.configure(self.conf)
        directory = self.useFixture(fixtures.TempDir()).path
        self.process = processes.Process(
            'victim',
            [sys.executable, '-m', 'trove.tests.functional.rpc.victim']
            + [self.broker.url, kind, self.database.url],
            f'{directory}/victim.log',
            ready=lambda: self.process.logged('listens'),
        )
        self.useFixture(self.process)
        self.process.start()
        self.topic = sample.API.interface.topic(self.conf, kind)
        self.wire = self.useFixture(
            wiretap.Wiretap(self.broker.url, self.topic)
        )

    def tell(self, what):
        self.wire.say({'method': 'drop', 'args': {'what': what}})

    def grown(self, what):
        """By how many MiB it had grown when it took that."""
        text = f'took {what} '
        waiting.until(lambda: self.process.logged(text), f'it {text}')
        *_, line = (
            line
            for line in self.process.log.read_text().splitlines()
            if line.startswith(text)
        )
        return int(line.removeprefix(text))

    def ends_no_more_than_twice(self, kind):
        self.victim(kind)
        self.tell('poison')
        self.tell('good')

        for _ in range(2):
            self.assertEqual(-signal.SIGKILL, self.process.wait())
            self.process.start(wait=False)

        self.grown('good')
        # What comes a second time and can be read leaves nothing behind.
        waiting.until(lambda: len(journal.list_()) == 1, 'one row is left')
        (row,) = journal.list_()
        self.assertEqual('unread', row.cause)
        self.assertFalse(row.replayable)
        self.assertIn(f'in the queue {self.topic} was redelivered', row.reason)

    def test_poison_in_a_classic_queue(self):
        self.ends_no_more_than_twice('classic')

    def test_poison_in_a_quorum_queue(self):
        self.ends_no_more_than_twice('quorum')

    def test_poison_in_a_stream(self):
        self.victim('stream')
        self.until('poison', lambda: not self.process.alive)
        self.assertEqual(-signal.SIGKILL, self.process.wait())

        self.process.start()

        self.until('good', lambda: self.process.logged('took good '))

    def until(self, what, condition):
        """Say something to all until it has come to them."""
        waiting.until(
            lambda: self.tell_all(what) or condition(),
            f'{what} has come',
            interval=0.5,
        )

    def tell_all(self, what):
        """Say something to all servers of the topic."""
        topic = sample.API.interface.topic(self.conf, 'stream')
        self.wire.publish(
            wiretap.envelope({'method': 'drop', 'args': {'what': what}}),
            exchange=f'{topic}_fanout',
        )

    def test_a_process_does_not_grow(self):
        self.victim('classic')
        self.tell('first')
        self.grown('first')

        for name in ('gzip', 'bzip2', 'lzma'):
            self.wire.publish(
                zeros(name), application_headers={'compression': name}
            )
        self.wire.publish(b'x' * (100 * _MIB))
        self.wire.publish('[' + '[],' * _MIB + '0]')
        self.tell('last')

        self.assertLess(self.grown('last') - self.grown('first'), 48)
