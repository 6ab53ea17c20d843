# SPDX-License-Identifier: Apache-2.0
"""A bound on what libraries log because of what somebody has sent.

What oslo.messaging drops by itself, as copies and replies that nobody waits
for, never comes to where we refuse, count and budget; and it logs each, with
a traceback. Nobody has proven there who the sender is, so that the bound is
for all of them together. It is for these lines alone: what else a library has
to say, such as that something of ours failed, is logged each time.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import logging
import threading
import time
from typing import Final

#: By logger: how the lines begin that anybody may cause who can send here.
LINES: Final[Mapping[str, tuple[str, ...]]] = {
    'oslo_messaging._drivers.amqpdriver': (
        'ignoring duplicate message ',
        'No calling threads waiting for msg_id',
        'The reply %(msg_id)s failed to send after %(duration)d seconds due '
        'to a missing queue',
        "%(reply_queue)s doesn't exist, drop reply to ",
    ),
    'oslo_messaging.rpc.dispatcher': (
        'Client provided an invalid timeout value of ',
    ),
    'oslo_messaging.rpc.server': (
        'MessageUndeliverable error, ',
        'Can not send reply for message',
    ),
}

#: Lines of one kind that are logged in :data:`WINDOW` seconds.
MOST = 20
WINDOW = 3600.0

_LAST = (
    ' (Further lines like this are suppressed for an hour. If there are many, '
    'somebody may be sending duplicates, or replies to no call: find out who '
    'can publish to the message broker.)'
)


class Bound(logging.Filter):
    """Lets so many of each of :data:`LINES` pass in an hour.

    The others are counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        #: When its hour began, and how many have come.
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        said = str(record.msg)
        line = next(filter(said.startswith, LINES.get(record.name, ())), None)
        if line is None or record.levelno < logging.INFO:
            return True
        kind = record.name, line
        now = self._clock()
        left_out = 0
        with self._lock:
            began, count = self._counts.get(kind, (now, 0))
            if now - began >= WINDOW:
                left_out = max(0, count - MOST)
                began, count = now, 0
            self._counts[kind] = began, count + 1
        if left_out:
            record.msg = (
                f'{record.msg} ({left_out} such lines were suppressed before.)'
            )
        if count == MOST - 1:
            record.msg = f'{record.msg}{_LAST}'
        return count < MOST


def install() -> None:
    """Bound the lines of this process from now on."""
    bound = Bound()
    for name in LINES:
        logger = logging.getLogger(name)
        if not any(isinstance(each, Bound) for each in logger.filters):
            logger.addFilter(bound)
