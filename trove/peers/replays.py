# SPDX-License-Identifier: Apache-2.0
"""Messages that were taken, remembered by all services of a deployment.

Services share topics, so a copy of a message may come to another one than
the message did; what they have taken is in one table.
"""

from __future__ import annotations

import hashlib
import uuid

from oslo_config import cfg

from trove.objects import replays
from trove.peers import retrying

#: By how many seconds the clocks of machines may differ, one that was just
#: set to another hour included: what may be taken again is not forgotten.
_SKEW = 7200.0


class Stored:
    """Remembers in the database; an ``rpc.Replays``.

    :param group: the options of whose messages these are; see
        :func:`~trove.peers.retrying.retrying`
    """

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        self._group = group

    def first(self, scope: str, message_id: str, sent: float) -> bool:
        """Return whether a message comes for the first time; remember it.

        :raises ServiceUnavailable: the database does not work, so that it
            cannot be told
        """
        # What is older than that is refused for its age.
        expires = sent + self._conf.rpc_message_max_age + _SKEW
        name = hashlib.sha256(f'{scope}\n{message_id}'.encode()).hexdigest()
        # Should the answer of the database get lost, the second try finds
        # the row of the first, and knows it by this.
        token = uuid.uuid4().hex
        with retrying.unavailable():
            return retrying.retrying(
                self._conf, self._group, replays.first, name, expires, token
            )
