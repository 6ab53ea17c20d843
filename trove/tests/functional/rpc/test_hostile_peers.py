# SPDX-License-Identifier: Apache-2.0
"""Somebody who reaches the message broker and means no good.

Each of the three topics is served with its real contract and encryption;
what the intruder publishes is refused, written down, and does no harm.
"""

from __future__ import annotations

import atexit
import base64
import json
import random
from typing import Any
import uuid

from trove.common import context as trove_context
from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.rehearsal import sample_calls
from trove.taskmanager import api as task_api
from trove.tests import base
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.fixtures import wiretap

RIGHT, WRONG = 'r' * 32, 'w' * 32

_shared: list[rabbitmq.VirtualHost] = []


def shared_broker() -> rabbitmq.VirtualHost:
    """One for all tests of this module; each has topics of its own."""
    if not _shared:
        made = rabbitmq.VirtualHost()
        made.setUp()
        atexit.register(made.cleanUp)
        _shared.append(made)
    return _shared[0]


class Keys(keys_fixture.Keys):
    """Two guests, each with a key of its own."""

    def __init__(self, guest, other):
        super().__init__(None, RIGHT)
        self._of = {guest: (RIGHT,), None: (RIGHT,), other: ('o' * 32,)}

    def opening(self, interface, sender, fresh=False):
        return self._of.get(sender, ())


class HostileTestCase(base.TestCase):
    """One topic; what is sent to it goes through the intruder's queue, too."""

    CLIENT: type[rpc.Client] = guest_api.API
    METHOD = 'delete_user'
    ARGUMENTS: dict[str, Any] = {'user': {'_name': 'jane'}}

    def setUp(self):
        super().setUp()
        self.broker = shared_broker()
        self.guest, self.other = str(uuid.uuid4()), str(uuid.uuid4())
        self.config(
            taskmanager_queue=f'taskmanager-{self.guest}',
            conductor_queue=f'conductor-{self.guest}',
        )
        self.came: list[tuple[str, dict[str, Any]]] = []
        self.rejected: list[rpc.Rejection] = []
        self.context = trove_context.TroveContext(project_id='p')
        interface = self.CLIENT.interface
        self.peer = self.guest if interface.name == 'guestagent' else None
        self.topic = interface.topic(self.conf, self.peer)
        transport = self.serving()
        self.server = transport.server(
            sample_calls.Recorder(interface, self.came.append),
            host='here',
            peer=self.peer,
        )
        self.server.start()
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.stop)
        self.wire = self.tap(self.topic)

    def tap(self, topic):
        return self.useFixture(wiretap.Wiretap(self.broker.url, topic))

    def serving(self):
        return self.transport(
            Keys(self.guest, self.other), self.rejected.append
        )

    def transport(self, keys, rejected=None):
        latest = self.CLIENT.interface.latest.name
        made = rpc.Transport(
            self.conf,
            {self.CLIENT.interface.name: lambda peer: latest},
            self.broker.url,
            keys=keys,
            rejected=rejected,
        )
        self.addCleanup(made.close)
        return made

    def send(self, key=RIGHT, identity=None):
        """Send a message as an honest peer does, if the key is right."""
        keys = keys_fixture.Keys(identity or self.guest, key)
        transport = self.transport(keys)
        client = self.CLIENT(transport, self.peer)
        getattr(client, self.METHOD)(self.context, **self.ARGUMENTS)

    def capture(self):
        """An honest message, as it was on the wire; it was taken."""
        self.send()
        waiting.until(lambda: self.came, 'the honest message has arrived')
        self.came.clear()
        return self.wire.take()

    def refused(self, *causes, count=1):
        """What was sent since is written down, and nothing was run."""
        waiting.until(
            lambda: len(self.rejected) >= count, f'{count} are written down'
        )
        self.assertEqual(set(causes), {each.cause for each in self.rejected})
        self.assertEqual([], self.came)
        for each in self.rejected:
            self.assertFalse(each.replayable, each.reason)
            self.assertNotIn(RIGHT, each.reason)
        self.rejected.clear()

    def still_serves(self):
        self.send()
        waiting.until(lambda: self.came, 'an honest message still arrives')
        self.assertEqual((self.METHOD, self.ARGUMENTS), self.came[0])
        self.assertEqual([], self.rejected)


class AnyTopic:
    """The same for all of them."""

    def test_what_is_no_message_at_all(self):
        honest = json.dumps(
            {'oslo.version': '2.0', 'oslo.message': json.dumps(self.capture())}
        )
        seed = random.Random(7)
        bodies = [honest[:length] for length in (0, 1, 40, len(honest) - 1)]
        bodies += [seed.randbytes(200) for _ in range(5)]
        bodies += ['[' * 100_000, '"x"', '{}', 'null', '[1]']
        bodies += [json.dumps({'oslo.version': '9.9', 'oslo.message': '{}'})]

        for body in bodies:
            self.wire.publish(body)
        pickle = b'cos\nsystem\n(S"true"\ntR.'
        self.wire.publish(pickle, 'application/x-python-serialize')

        self.refused('form', count=len(bodies) + 1)
        self.still_serves()

    def test_random_messages(self):
        seed = random.Random(11)
        values = [None, 1, -1.5, True, '', 'x', [], {}, [[]], {'a': {}}]
        messages = [
            {
                key: seed.choice(values)
                for key in ('method', 'args', 'version', 'namespace')
                if seed.random() < 0.8
            }
            for _ in range(60)
        ]

        for message in messages:
            self.wire.say(message)

        waiting.until(
            lambda: len(self.rejected) >= len(messages),
            'all are written down',
        )
        self.assertEqual([], self.came)
        self.rejected.clear()
        self.still_serves()

    def test_cleartext(self):
        context = {
            f'_context_{name}': value
            for name, value in self.context.to_dict().items()
        }
        self.wire.say(
            {'method': self.METHOD, 'args': self.ARGUMENTS, 'version': '1.0'}
            | context
        )
        self.refused('seal')
        self.still_serves()

    def test_sent_as_a_call(self):
        """Who asks for a reply is refused, and written down, all the same."""
        honest = self.capture()
        asks = {'_msg_id': uuid.uuid4().hex, '_reply_q': self.wire.name}
        clear = {'args': self.ARGUMENTS, 'version': '1.0'}
        probing = {'trove_rpc_probe': ''} | self.ARGUMENTS

        self.wire.say(honest, **asks)
        self.wire.say({'method': self.METHOD}, **clear, **asks)
        self.wire.say(
            {'method': self.METHOD, 'version': '1.0'},
            args={'sealed': 'x', 'trove_rpc_probe': ''},
            **asks,
        )
        self.wire.say(honest, args=honest['args'] | probing, **asks)

        self.refused('replay', 'seal', count=4)
        self.still_serves()

    def test_asks_for_replies_to_queues_that_are_not_there(self):
        """It takes no thread from those who are served."""
        count = 2 * self.conf.executor_thread_pool_size
        said = {'method': self.METHOD, 'args': self.ARGUMENTS}

        for _ in range(count):
            name = uuid.uuid4().hex
            self.wire.say(said, _msg_id=name, _reply_q=f'reply_{name}')

        self.refused('seal', count=count)
        self.still_serves()

    def test_a_copy(self):
        message = self.capture()

        self.wire.say(message)

        self.refused('replay')
        self.still_serves()

    def test_forged(self):
        self.send(key=WRONG)
        self.refused('seal')
        self.still_serves()

    def test_changed_on_the_way(self):
        message = self.capture()
        text = json.loads(message['args']['sealed'])
        body = bytearray(base64.b64decode(text['body']))
        count = 0
        for place in (0, 12, len(body) // 2, len(body) - 1):
            changed = bytearray(body)
            changed[place] ^= 1
            self.say_sealed(
                message, text | {'body': base64.b64encode(changed).decode()}
            )
            count += 1
        for change in (
            {'sent': text['sent'] + 1},
            {'id': uuid.uuid4().hex},
            {'for': self.other},
            {'v': 2},
        ):
            self.say_sealed(message, text | change)
            count += 1
        for key in text:
            self.say_sealed(
                message, {k: v for k, v in text.items() if k != key}
            )
            count += 1

        self.refused('form', 'seal', count=count)
        self.still_serves()

    def say_sealed(self, message, text):
        self.wire.say(message, args={'sealed': json.dumps(text)})

    def test_for_another_method_or_version(self):
        message = self.capture()
        others = [
            name
            for name, method in self.CLIENT.interface.methods.items()
            if name != self.METHOD and method.kind == 'cast'
        ]
        for name in others:
            self.wire.say(message, method=name)
        self.wire.say(message, version='1.0')

        self.refused('seal', count=len(others) + 1)
        self.still_serves()

    def test_too_large(self):
        self.config(rpc_max_message_bytes=65536)
        message = self.capture()

        self.wire.say(message, args={'sealed': 'x' * 70_000})
        self.wire.say(message, args={str(n): n for n in range(20_000)})
        nested: Any = 0
        for _ in range(400):
            nested = {'x': nested}
        self.wire.say(message, args={'sealed': nested})

        self.refused('form', 'size', count=3)
        self.still_serves()


class GuestTopicTest(AnyTopic, HostileTestCase):
    pass


class TaskManagerTopicTest(AnyTopic, HostileTestCase):
    CLIENT = task_api.API
    METHOD = 'delete_instance'
    ARGUMENTS = {'instance_id': 'i'}


class ConductorTopicTest(AnyTopic, HostileTestCase):
    CLIENT = conductor_api.API
    METHOD = 'notify_exc_info'
    ARGUMENTS = {
        'serialized_notification': {'instance_id': 'i'},
        'message': 'm',
        'exception': ['e'],
    }

    def test_who_sent_it_is_known_by_the_key(self):
        senders = []

        class Manager(sample_calls.Recorder):
            def __getattr__(self, name):
                served = super().__getattr__(name)

                def serve(context, /, **arguments):
                    senders.append(context.sender)
                    return served(context, **arguments)

                serve.__signature__ = served.__signature__
                return serve

        transport = self.serving()
        server = transport.server(
            Manager(conductor_api.API.interface, self.came.append),
            host='there',
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

        # Two conductors share the topic: each gets every other message.
        for _ in range(4):
            self.send()
        waiting.until(lambda: len(self.came) == 4, 'all have arrived')

        self.assertEqual({self.guest}, set(senders))

    def test_a_guest_cannot_take_the_name_of_another(self):
        self.send(key=RIGHT, identity=self.other)
        self.refused('seal')
        self.still_serves()


class ReroutedTest(HostileTestCase):
    """What was sent to one topic turns up at another."""

    def test_from_one_guest_to_another(self):
        message = self.capture()
        transport = self.serving()
        server = transport.server(
            sample_calls.Recorder(self.CLIENT.interface, self.came.append),
            host='there',
            peer=self.other,
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        other = self.tap(self.CLIENT.interface.topic(self.conf, self.other))

        other.say(message)

        self.refused('seal')

    def test_from_the_guest_to_the_services(self):
        message = self.capture()
        for client in task_api.API, conductor_api.API:
            transport = self.serving()
            server = transport.server(
                sample_calls.Recorder(client.interface, self.came.append),
                host='there',
            )
            server.start()
            self.addCleanup(server.wait)
            self.addCleanup(server.stop)
            topic = client.interface.topic(self.conf, None)

            self.tap(topic).say(message)

            self.refused('seal')
