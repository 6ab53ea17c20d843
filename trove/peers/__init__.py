# SPDX-License-Identifier: Apache-2.0
"""What the control plane knows of the peers that it sends messages to.

Which version each speaks, the keys of each, what was taken already and what
could not be taken. Used by the API, the task managers, the conductors and
the commands.
"""

from trove.peers.connection import transport
from trove.peers.resend import replay

__all__ = (
    'replay',
    'transport',
)
