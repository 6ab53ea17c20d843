# SPDX-License-Identifier: Apache-2.0
"""Two sides of a sealed message, without anything in between."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from hypothesis import strategies

from trove.common import context as trove_context
from trove.common import rpc
from trove.common.rpc._seal import opener
from trove.common.rpc._seal import sealer
from trove.tests import base
from trove.tests.fixtures import keys as fake_keys

KEY = 'K' * 32
OTHER = 'L' * 32
ARGUMENTS = {'what': 'a door', 'times': None}
CONTEXT = {'user': 'a-user', 'roles': ['member']}


def interface(name: str, **values: Any) -> rpc.Interface:
    return rpc.Interface(
        name=name,
        topic=lambda conf, peer: name,
        peer=f'{name} of %s' if name == 'guestagent' else name,
        remedy='Upgrade it.',
        sealed_since='1.1',
        history=(rpc.Revision('1.0', 'First.'), rpc.Revision('1.1', 'Next.')),
        **values,
    )


class Api(rpc.Client, interface=interface('guestagent')):
    @rpc.call('1.0')
    def paint(
        self,
        context: trove_context.TroveContext,
        what: str,
        times: int | None = None,
    ) -> None:
        """Paint."""

    @rpc.call('1.1', sealed=True)
    def rotate_key(
        self, context: trove_context.TroveContext, key: str
    ) -> None:
        """Never comes in the released form."""


GUEST = Api.interface
CONDUCTOR = interface('conductor', names_sender=True)
TASKMANAGER = interface('taskmanager')

JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-(2**60), 2**60)
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(max_size=20),
    lambda inner: (
        strategies.lists(inner, max_size=4)
        | strategies.dictionaries(
            strategies.text(max_size=10), inner, max_size=4
        )
    ),
    max_leaves=15,
)
OBJECTS = strategies.dictionaries(
    strategies.text(min_size=1, max_size=10).filter(
        lambda name: name != 'sealed'
    ),
    JSON,
    max_size=4,
)


@dataclasses.dataclass
class Way:
    """Between two sides; what differs from case to case is a parameter."""

    interface: rpc.Interface = GUEST
    peer: str | None = 'i1'
    sender: Any = None
    receiver: Any = None
    minimum: str = 'released'
    authenticated: bool = True
    method: str = 'paint'
    version: str = '1.1'

    def __post_init__(self) -> None:
        if self.sender is None:
            self.sender = fake_keys.Keys(None, KEY)
        if self.receiver is None:
            self.receiver = fake_keys.Keys('i1', KEY)
        self.client = sealer.Sealer(self.sender or None, self._minimum)
        self.server = sealer.Sealer(self.receiver or None, self._minimum)

    def _minimum(self) -> str:
        return self.minimum

    def request(
        self, arguments: Any = ARGUMENTS, context: Any = CONTEXT
    ) -> sealer.Request:
        request = self.client.request(
            self.interface,
            self.peer,
            self.method,
            self.version,
            dict(arguments),
            dict(context),
            self.authenticated,
        )
        # What is no JSON would fail here, as it would on the wire.
        wire = json.loads(json.dumps([request.arguments, request.context]))
        return dataclasses.replace(request, arguments=wire[0], context=wire[1])

    def accept(self, request: sealer.Request, **other: Any) -> opener.Accepted:
        where = {
            'interface': self.interface,
            'peer': self.peer,
            'method': self.method,
            'version': self.version,
            'arguments': request.arguments,
            'context': request.context,
        }
        return self.server.accept(**(where | other))


#: One of each: interface, whose topic it is, who sends.
WAYS = {
    'guest': {},
    'taskmanager': {
        'interface': TASKMANAGER,
        'peer': None,
        'receiver': fake_keys.Keys(None, KEY),
    },
    'conductor': {
        'interface': CONDUCTOR,
        'peer': None,
        'sender': fake_keys.Keys('i1', KEY),
        'receiver': fake_keys.Keys(None, KEY),
    },
}


class SealTestCase(base.TestCase):
    def assertRefused(
        self, way: Way, request: sealer.Request, **other: Any
    ) -> str:
        error = self.assertRaises(
            opener.Unopened, way.accept, request, **other
        )
        for word in 'a door', KEY:
            self.assertNotIn(word, error.reason)
        return str(error.reason)
