# SPDX-License-Identifier: Apache-2.0
"""Hands archived segments to a server that recovers, when it asks for them.

The server runs a command for each, which asks the agent through one pipe and
waits for the answer in another. So there are never more than a few segments on
the volume, however long the log is.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import logging
import os
import re
import select
import shlex
import shutil
import threading
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import pipeline
from trove.guestagent.datastores.postgresql import cluster as clusters

LOG = logging.getLogger(__name__)

_ACTION: Final = 'replay the log'
_SEGMENT: Final = re.compile('[0-9A-F]{24}')
#: Bytes of a name, at most, and of those that wait.
_LINE: Final = 4096
#: So many segments stay: the server asks for the last ones again.
_KEPT: Final = 3


class Feed:
    """The segments of a replay, while the server asks for them.

    :param stall_timeout: as of the option
    """

    def __init__(
        self,
        cluster: clusters.Cluster,
        replay: archive.Replay,
        stall_timeout: float,
    ) -> None:
        self._cluster = cluster
        self._stall_timeout = stall_timeout
        self._directory = cluster.data_dir / 'trove-log'
        self._pieces = replay.pieces()
        self._there: list[str] = []
        self._first: str | None = None
        self._error: Exception | None = None

    @property
    def command(self) -> str:
        """The ``restore_command`` of the server."""
        ask, answer, found = (
            shlex.quote(f'{self._directory}/{name}').replace('%', '%%')
            for name in ('ask', 'answer', '')
        )
        return (
            f'echo %f > {ask} && read -r found < {answer} && '
            f'test "$found" = %f && cp {found}%f "%p"'
        )

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Answer the server within the context.

        :raises trove.common.exception.TroveError: at the end: what was asked
            for could not be read, whatever the server says about that
        """
        self._make_place()
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self._directory, ignore_errors=True)
            ask, answer = (
                stack.enter_context(
                    open(self._directory / name, 'rb+', buffering=0)
                )
                for name in ('ask', 'answer')
            )
            stopping, stop = os.pipe()
            stack.callback(os.close, stopping)
            thread = threading.Thread(
                target=self._serve,
                args=(ask.fileno(), answer.fileno(), stopping),
                name='log-feed',
                daemon=True,
            )
            thread.start()
            stack.callback(thread.join)
            stack.callback(os.close, stop)
            try:
                yield
            except exception.TroveError:
                if self._error is not None:
                    raise self._error from None
                raise

    def _make_place(self) -> None:
        self._directory.mkdir(mode=0o700)
        paths = [self._directory]
        for name in 'ask', 'answer':
            paths.append(self._directory / name)
            os.mkfifo(paths[-1], 0o600)
        if self._cluster.account is not None:
            for path in paths:
                self._cluster.account.own(path)

    def _serve(self, ask: int, answer: int, stopping: int) -> None:
        while True:
            found, _, _ = select.select([ask, stopping], [], [])
            if stopping in found:
                return
            for name in os.read(ask, _LINE).decode(errors='replace').split():
                there = self._has(name)
                os.write(answer, f'{name if there else "-"}\n'.encode())

    def _has(self, name: str) -> bool:
        """Have a segment in the place, if it is one of the replay."""
        try:
            while _SEGMENT.fullmatch(name) and name not in self._there:
                if self._first is not None and name < self._first:
                    return False
                if not self._take():
                    return False
            return name in self._there
        except Exception as error:  # noqa: BLE001
            # The recovery ends before its target then, which is an error.
            LOG.error('The log cannot be read any further: %s', error)
            self._error = error
            return False

    def _take(self) -> bool:
        """Unpack the next segment; False if there is none."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        before = self._names()
        pipeline.pour(
            _ACTION,
            piece,
            [
                'tar',
                '--extract',
                '--file=-',
                f'--directory={self._directory}',
                '--no-same-owner',
                '--no-overwrite-dir',
            ],
            stall_timeout=self._stall_timeout,
            # As the server's user, it can do no harm elsewhere.
            **self._cluster.server().options(),
        )
        new = sorted(self._names() - before)
        self._there += new
        if new and self._first is None:
            self._first = new[0]
        for name in self._there[:-_KEPT]:
            (self._directory / name).unlink(missing_ok=True)
        del self._there[:-_KEPT]
        return True

    def _names(self) -> set[str]:
        return {
            name
            for name in os.listdir(self._directory)
            if _SEGMENT.fullmatch(name)
        }
