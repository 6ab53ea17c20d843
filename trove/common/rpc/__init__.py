# SPDX-License-Identifier: Apache-2.0
"""The versioned RPC layer; this module is its only door.

An interface is declared once, in the ``api.py`` of its service: the
signatures of the client class are the contract. The way of a message, by the
files to open in order:

1. ``trove/<service>/api.py``: the declaration, and what callers call
2. ``_client.py``: takes it through the next four
3. ``_caps.py``: the cap of the peer, from the pin and what it announced
   (``_discovery.py``), or what a probe of it found (``_probe.py``)
4. ``_plan.py``: the lowest version that says it, within the cap; what the
   sender is told if there is none
5. ``_seal.py``: encrypts it, in the form that the peer understands (the
   forms are in ``_forms.py``, the receiver's side in ``_opening.py``)
6. ``_wire.py``: hands it to oslo.messaging; makes sense of what comes back
   (``_broker`` is all of the message broker: how both sides connect to it,
   wait for it, and what of it they take; ``_message.py`` is what of a
   message)
7. ``_dispatch.py``: on the other side, finds who serves it, opens it, holds
   it against the contract (``_endpoint.py``), after copies (``_replays.py``)
   and what is beyond the sender's budget (``_limits.py``); what cannot be
   taken becomes a ``_rejection.py``
8. ``trove/<service>/manager.py``: does it

Besides: ``_contract.py`` and ``_interface.py`` are what is declared.
``_transport.py`` puts all this together for a process, over one
``_broker/connection.py``; ``_events.py`` counts. ``_notification.py`` is what
peers of released versions need besides, and ``_words.py`` which names of
theirs a message may hold. ``_fit.py`` tells what would become of a message,
by 4 and 7, without sending it.
"""

# First: it chooses the threading backend before oslo.messaging is imported.
from trove.common import service as _service  # noqa: F401
from trove.common.rpc._broker.accounts import permissions
from trove.common.rpc._broker.connection import check
from trove.common.rpc._broker.connection import parse_url
from trove.common.rpc._broker.errors import explain
from trove.common.rpc._broker.errors import MayPass
from trove.common.rpc._client import Client
from trove.common.rpc._contract import Argument
from trove.common.rpc._contract import call
from trove.common.rpc._contract import cast
from trove.common.rpc._contract import Method
from trove.common.rpc._contract import NOTHING
from trove.common.rpc._contract import Probe
from trove.common.rpc._contract import REQUIRED
from trove.common.rpc._contract import Revision
from trove.common.rpc._contract import Span
from trove.common.rpc._contract import Version
from trove.common.rpc._discovery import Assumed
from trove.common.rpc._discovery import Discover
from trove.common.rpc._discovery import Disputed
from trove.common.rpc._discovery import Keep
from trove.common.rpc._discovery import Probed
from trove.common.rpc._discovery import Together
from trove.common.rpc._discovery import Unanswered
from trove.common.rpc._endpoint import verify
from trove.common.rpc._events import counts
from trove.common.rpc._events import Event
from trove.common.rpc._events import observe
from trove.common.rpc._fit import Fit
from trove.common.rpc._fit import fit
from trove.common.rpc._fit import received
from trove.common.rpc._interface import Interface
from trove.common.rpc._limits import Budget
from trove.common.rpc._notification import LATER_NOTIFICATIONS
from trove.common.rpc._probe import probe
from trove.common.rpc._rejection import Doubting
from trove.common.rpc._rejection import Rejection
from trove.common.rpc._rejection import Sink
from trove.common.rpc._replays import Replays
from trove.common.rpc._seal import Keys
from trove.common.rpc._transport import Transport
from trove.common.rpc._words import Word

__all__ = (
    'Argument',
    'Assumed',
    'Budget',
    'Client',
    'Discover',
    'Disputed',
    'Doubting',
    'Event',
    'Fit',
    'Interface',
    'Keep',
    'Keys',
    'LATER_NOTIFICATIONS',
    'MayPass',
    'Method',
    'NOTHING',
    'Probe',
    'Probed',
    'REQUIRED',
    'Rejection',
    'Replays',
    'Revision',
    'Sink',
    'Span',
    'Together',
    'Transport',
    'Unanswered',
    'Version',
    'Word',
    'call',
    'cast',
    'check',
    'counts',
    'explain',
    'fit',
    'observe',
    'parse_url',
    'permissions',
    'probe',
    'received',
    'verify',
)
