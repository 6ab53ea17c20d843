# SPDX-License-Identifier: Apache-2.0
"""Replay protection of the guest agent, across restarts.

A file has a line for each message: the time when it was sent and its name.
Lines are not synced to the disk: they survive a crash of the agent, but a
power failure of the server may lose those of the last seconds.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Iterator
import hashlib
import itertools
import logging
import math
import os
import pathlib
import threading
import time
from typing import Final

from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

#: Maximum number of messages: some 4 MiB of memory, 1 MiB on the disk.
MAX_MESSAGES: Final = 20_000
#: Seconds that they are kept longer than they would be accepted: the clock
#: may have been wrong by hours, and be corrected.
_SKEW: Final = 7200.0
#: Number of expired lines that are kept before the file is rewritten.
_SLACK: Final = 1000
#: Name of the line with the time before which every message is refused.
_HORIZON: Final = 'horizon'


class Replays:
    """Remembers the messages of the last ``max_age`` seconds.

    Beyond the maximum number, messages older than the oldest remembered one
    count as replays: a message is rather refused than carried out twice.
    Thread-safe; the file is not read before the first message.

    :param max_age: seconds after which the receiver refuses a message anyway
    """

    def __init__(
        self,
        path: pathlib.Path,
        max_age: Callable[[], float],
        most: int = MAX_MESSAGES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_age = max_age
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: collections.OrderedDict[bytes, float] | None = None
        self._horizon = -math.inf
        self._lines = 0
        self._damaged = False
        self._file: int | None = None
        self._failing = False

    def first(self, scope: str, message_id: str, sent: float) -> bool:
        """Return whether a message is not a replay; remember it."""
        name = _name(scope, message_id)
        with self._lock:
            seen = self._load()
            if name in seen or sent <= self._horizon:
                return False
            seen[name] = sent
            self._prune(seen)
            self._write(seen, name, sent)
            return True

    def close(self) -> None:
        """Close the file; the next message opens it again."""
        with self._lock:
            self._seen = None
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _load(self) -> collections.OrderedDict[bytes, float]:
        if self._seen is not None:
            return self._seen
        seen: collections.OrderedDict[bytes, float] = collections.OrderedDict()
        self._horizon = -math.inf
        self._lines = 0
        self._damaged = False
        for line in self._read():
            self._lines += 1
            name, _, sent = line.partition(' ')
            try:
                if name == _HORIZON:
                    self._horizon = max(self._horizon, float(sent))
                else:
                    seen[bytes.fromhex(name)] = float(sent)
            except ValueError:
                # Power may have failed while the last line was written.
                self._damaged = True
        self._seen = seen
        self._prune(seen)
        return seen

    def _read(self) -> Iterator[str]:
        try:
            text = self._path.read_text('utf-8', errors='replace')
        except FileNotFoundError:
            return
        except OSError as error:
            LOG.error(
                'Could not read %s: %s. Repair the disk; until then messages '
                'from before this start of the agent can be replayed.',
                self._path,
                error,
            )
            return
        yield from text.splitlines()
        if text and not text.endswith('\n'):
            # The last line may be incomplete.
            yield ''

    def _prune(self, seen: collections.OrderedDict[bytes, float]) -> None:
        oldest = self._clock() - self._max_age() - _SKEW
        while seen:
            name, sent = next(iter(seen.items()))
            if sent >= oldest:
                if len(seen) <= self._most:
                    return
                self._horizon = max(self._horizon, sent)
            del seen[name]

    def _write(
        self,
        seen: collections.OrderedDict[bytes, float],
        name: bytes,
        sent: float,
    ) -> None:
        try:
            if self._damaged or self._lines > len(seen) + _SLACK:
                self._rewrite(seen)
                return
            if self._file is None:
                self._file = os.open(
                    self._path,
                    os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC,
                    0o600,
                )
            os.write(self._file, _line(name.hex(), sent))
            self._lines += 1
            self._failing = False
        except OSError as error:
            if not self._failing:
                LOG.error(
                    'Could not write to %s: %s. Free space for it; until '
                    'then messages that were sent before the next start of '
                    'the agent can be replayed after it.',
                    self._path,
                    error,
                )
            self._failing = True

    def _rewrite(self, seen: collections.OrderedDict[bytes, float]) -> None:
        self._close()
        lines = itertools.chain(
            [(_HORIZON, self._horizon)],
            ((name.hex(), sent) for name, sent in seen.items()),
        )
        text = b''.join(_line(name, sent) for name, sent in lines)
        files.write(self._path, text.decode())
        self._lines = len(seen) + 1
        self._damaged = False


def _name(scope: str, message_id: str) -> bytes:
    text = f'{len(scope)} {scope} {message_id}'
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _line(name: str, sent: float) -> bytes:
    return f'{name} {sent!r}\n'.encode()
