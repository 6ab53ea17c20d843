# SPDX-License-Identifier: Apache-2.0
"""Tells a message that comes again from a new one, over restarts too.

A file has a line for each message: when it was sent, and what names it. A
line is written without waiting for the disk: it outlives the agent however
that ends, but of the last seconds before the machine itself loses its power
some may be missing.
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

#: Messages that are remembered: some 4 MiB of memory, 1 MiB on the disk.
MOST: Final = 20_000
#: Seconds for which they are remembered longer than they would be taken: the
#: clock may have been set to another hour, and be set back.
_SKEW: Final = 7200.0
#: Lines beyond those that are needed, before the file is written anew.
_SLACK: Final = 1000
#: The line that tells up to when everything counts as a repetition.
_HORIZON: Final = 'horizon'


class Replays:
    """Remembers the messages of the last ``max_age`` seconds.

    If there are more than can be remembered, what was sent before the oldest
    of those that are counts as a repetition: it is rather refused than done
    twice. Safe for use by many threads; nothing is read before the first
    message.

    :param max_age: seconds after which the receiver refuses a message anyway
    """

    def __init__(
        self,
        path: pathlib.Path,
        max_age: Callable[[], float],
        most: int = MOST,
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
        """Return whether a message comes for the first time; remember it."""
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
        """Close the file; it is opened again when it is needed."""
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
                # The last line, if the machine lost its power.
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
                'Could not read %s: %s. Repair the disk; meanwhile a message '
                'from before this start of the agent could be repeated.',
                self._path,
                error,
            )
            return
        yield from text.splitlines()
        if text and not text.endswith('\n'):
            # So that the next line begins where a line begins.
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
                    'Could not write to %s: %s. Make room for it. Until '
                    'then a message that was sent before the next start of '
                    'the agent could be repeated after it.',
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
