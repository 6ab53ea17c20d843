# SPDX-License-Identifier: Apache-2.0
"""Replay protection, shared by all services of a deployment.

Services share topics, so a replay may arrive at another service than the
message did. So the ids of received messages are in one table.
"""

from __future__ import annotations

import hashlib
import uuid

from oslo_config import cfg

from trove.objects import replays
from trove.peers import retrying

#: Maximum clock skew between hosts in seconds, after a change of the hour
#: included: ids are kept for as long as their messages are accepted.
_MAX_SKEW = 7200.0


class Stored:
    """Stores ids in the database; an ``rpc.Replays``.

    :param group: the options of the service; see
        :func:`~trove.peers.retrying.retrying`
    """

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        self._group = group

    def first(self, scope: str, message_id: str, sent: float) -> bool:
        """Record a message; return whether it arrived for the first time.

        :param scope: of the id, such as the sender
        :param sent: seconds since the epoch
        :raises ServiceUnavailable: the database does not work
        """
        # Older messages are refused for their age.
        expires = sent + self._conf.rpc_message_max_age + _MAX_SKEW
        name = hashlib.sha256(f'{scope}\n{message_id}'.encode()).hexdigest()
        # Identifies the row of the first try when its reply was lost.
        token = uuid.uuid4().hex
        with retrying.unavailable():
            return retrying.retrying(
                self._conf, self._group, replays.first, name, expires, token
            )
