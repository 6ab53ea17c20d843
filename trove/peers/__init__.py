# SPDX-License-Identifier: Apache-2.0
"""Knowledge of the control plane about its peers.

Their versions and keys, received messages (against replays) and rejected ones.
Used by the API, the task managers, the conductors and the commands.
"""

from trove.peers.connection import transport
from trove.peers.resend import replay

__all__ = (
    'replay',
    'transport',
)
