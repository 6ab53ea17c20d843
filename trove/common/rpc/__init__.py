# SPDX-License-Identifier: Apache-2.0
"""The versioned RPC layer; this module is its only door.

An interface is declared once, in the ``api.py`` of its service: the
signatures of the client class are the contract. The way of a message, by the
files to open in order:

1. ``trove/<service>/api.py``: the declaration, and what callers call
2. ``_client.py``: asks the next two, then hands the message on
3. ``_caps.py``: the cap of the peer, from the pin and what it announced
4. ``_plan.py``: the lowest version that says it, within the cap
5. ``_transport.py``: holds oslo.messaging's transport, which carries it
6. ``_server.py``: on the other side, checks it against the contract
7. ``trove/<service>/manager.py``: does it
"""

# First: it chooses the threading backend before oslo.messaging is imported.
from trove.common import service as _service  # noqa: F401
from trove.common.rpc._caps import Discover
from trove.common.rpc._client import call
from trove.common.rpc._client import cast
from trove.common.rpc._client import Client
from trove.common.rpc._contract import Argument
from trove.common.rpc._contract import Interface
from trove.common.rpc._contract import Method
from trove.common.rpc._contract import REQUIRED
from trove.common.rpc._contract import Revision
from trove.common.rpc._contract import Span
from trove.common.rpc._contract import Version
from trove.common.rpc._events import counts
from trove.common.rpc._events import Event
from trove.common.rpc._events import observe
from trove.common.rpc._server import verify
from trove.common.rpc._transport import Transport

__all__ = (
    'Argument',
    'Client',
    'Discover',
    'Event',
    'Interface',
    'Method',
    'REQUIRED',
    'Revision',
    'Span',
    'Transport',
    'Version',
    'call',
    'cast',
    'counts',
    'observe',
    'verify',
)
