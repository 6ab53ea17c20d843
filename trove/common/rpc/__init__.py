# SPDX-License-Identifier: Apache-2.0
"""The versioned RPC layer; this module is its only door.

An interface is declared once, in the ``api.py`` of its service: the
signatures of the client class are the contract. The way of a message, by the
files to open in order:

1. ``_contract.py``: what is declared in ``trove/<service>/api.py``, which is
   what callers call; ``_interface.py`` has the history
2. ``_client.py``: takes it through the next four
3. ``_caps``: the cap of the peer, from the pin and what it announced, or what
   a probe of it found
4. ``_plan.py``: the lowest version that says it, within the cap; what the
   sender is told if there is none
5. ``_seal``: encrypts it, in the form that the peer understands
6. ``_wire.py``: hands it to oslo.messaging; makes sense of what comes back
7. ``_broker``: all of the message broker: how both sides connect to it, wait
   for it, and what of it they take (``_message.py`` has what of a message)
8. ``_dispatch.py``: on the other side, finds who serves it, opens it, holds
   it against the contract (``_endpoint.py``), after copies (``_replays.py``)
   and what is beyond the sender's budget (``_limits.py``); what cannot be
   taken becomes a ``_rejection.py``
9. ``trove/<service>/manager.py``: does it

Besides: ``_transport.py`` puts all this together for a process,
``_events.py`` counts, and ``_fit.py`` tells what would become of a message,
by 4 and 8, without sending it. ``_released`` is what only peers of released
versions need: to be probed, encryption, notifications.
"""

# First: it chooses the threading backend before oslo.messaging is imported.
from trove.common import service as _service  # noqa: F401
from trove.common.rpc._broker.accounts import bounded
from trove.common.rpc._broker.accounts import of_instance
from trove.common.rpc._broker.accounts import permissions
from trove.common.rpc._broker.connection import check
from trove.common.rpc._broker.connection import parse_url
from trove.common.rpc._broker.errors import explain
from trove.common.rpc._broker.errors import MayPass
from trove.common.rpc._broker.needs import fallbacks
from trove.common.rpc._caps.discovery import Assumed
from trove.common.rpc._caps.discovery import Discover
from trove.common.rpc._caps.discovery import Disputed
from trove.common.rpc._caps.discovery import Keep
from trove.common.rpc._caps.discovery import Probed
from trove.common.rpc._caps.discovery import Together
from trove.common.rpc._caps.discovery import Unanswered
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
from trove.common.rpc._endpoint import verify
from trove.common.rpc._events import counts
from trove.common.rpc._events import Event
from trove.common.rpc._events import observe
from trove.common.rpc._fit import Fit
from trove.common.rpc._fit import fit
from trove.common.rpc._fit import received
from trove.common.rpc._interface import Interface
from trove.common.rpc._limits import Budget
from trove.common.rpc._rejection import Doubting
from trove.common.rpc._rejection import Rejection
from trove.common.rpc._rejection import Sink
from trove.common.rpc._released.notification import LATER_NOTIFICATIONS
from trove.common.rpc._released.probe import probe
from trove.common.rpc._released.words import Word
from trove.common.rpc._replays import Replays
from trove.common.rpc._seal.opener import Keys
from trove.common.rpc._transport import Transport

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
    'bounded',
    'call',
    'cast',
    'check',
    'counts',
    'explain',
    'fallbacks',
    'fit',
    'observe',
    'of_instance',
    'parse_url',
    'permissions',
    'probe',
    'received',
    'verify',
)
