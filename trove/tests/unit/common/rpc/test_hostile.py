# SPDX-License-Identifier: Apache-2.0
"""Whatever strangers send: it is refused as theirs, and nothing is run."""

from __future__ import annotations

import json
import time

import hypothesis
from hypothesis import strategies

from trove.common import crypto
from trove.common import rpc
from trove.rehearsal import sample_calls
from trove.tests import base
from trove.tests.fixtures import broker as brokers
from trove.tests.unit.common.rpc import seals

#: The causes by which a message counts as nobody's.
HOSTILE = {'seal', 'replay', 'size', 'form'}

# Text that no encoding has can be written in JSON all the same.
TEXT = strategies.text(
    strategies.characters() | strategies.characters(categories=['Cs']),
    max_size=40,
)
VALUE = (
    strategies.none()
    | TEXT
    | strategies.integers()
    | strategies.floats(allow_nan=False)
    | strategies.lists(TEXT, max_size=2)
)


@strategies.composite
def headers(draw):
    """What is nearly sealed: the id of the key is on every message."""
    header = {
        'v': 1,
        'for': 'i1',
        'key': crypto.key_id(seals.KEY),
        'sent': time.time(),
        'id': f'{draw(strategies.integers(0, 2**128 - 1)):032x}',
        'body': draw(TEXT | strategies.just('QUFB' * 20)),
    }
    changed = draw(strategies.sets(strategies.sampled_from(sorted(header))))
    return json.dumps(header | {name: draw(VALUE) for name in changed})


SEALED = strategies.fixed_dictionaries({'sealed': headers() | VALUE})
ARGUMENTS = SEALED | strategies.dictionaries(
    strategies.sampled_from(['what', 'instance_id', 'key']) | TEXT,
    VALUE,
    max_size=3,
)
CONTEXTS = strategies.just({}) | strategies.dictionaries(
    strategies.sampled_from(['context', 'csz-instance-id', 'user']),
    VALUE | strategies.just('i1'),
    max_size=3,
)
METHODS = strategies.sampled_from(['paint', 'rotate_key']) | TEXT


class StrangerTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.received = []
        self.rejected = []
        self.lines = [
            self.line(name, **values) for name, values in seals.WAYS.items()
        ]

    def line(self, name, **values):
        way = seals.Way(**values)
        broker = brokers.Broker()
        transport = rpc.Transport(
            self.conf,
            keys=way.receiver,
            rejected=self.rejected.append,
            connection=broker.connection('here'),
        )
        interface = way.interface
        if not interface.methods:
            interface = seals.dataclasses.replace(
                interface, methods=seals.GUEST.methods
            )
        server = transport.server(
            sample_calls.Recorder(interface, self.received.append),
            host='host',
            peer=way.peer,
        )
        server.start()
        return broker.connection('stranger'), server.topic

    @hypothesis.settings(
        max_examples=400,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(
        method=METHODS,
        version=strategies.sampled_from(['1.0', '1.1']) | TEXT,
        arguments=ARGUMENTS,
        context=CONTEXTS,
        number=strategies.integers(0, 2),
    )
    def test_it_is_written_down_as_of_a_stranger(
        self, method, version, arguments, context, number
    ):
        self.rejected.clear()

        stranger, topic = self.lines[number]
        stranger.prepared('', topic, version, None).cast(
            context, method, **arguments
        )

        self.assertEqual([], self.received)
        (found,) = self.rejected
        self.assertIn(found.cause, HOSTILE, found.reason)
        self.assertFalse(found.proven)
        self.assertFalse(found.honest)

    def test_what_he_makes_up_is_not_counted_by_its_name(self):
        before = len(rpc.counts())
        stranger, topic = self.lines[0]

        for number in range(100):
            for name in 'paint', f'made_up_{number}':
                stranger.prepared('', topic, f'7.{number}', None).cast(
                    {}, name, what='a door'
                )

        self.assertEqual(200, len(self.rejected))
        self.assertLessEqual(len(rpc.counts()) - before, 2)
