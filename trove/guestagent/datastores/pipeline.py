# SPDX-License-Identifier: Apache-2.0
"""Programs that data flows through, and whether all of it came through.

The end of a stream says nothing about that: a program that was killed ends
its output, too. So the exit status of each program decides, and what it said
is the reason. None outlives the agent: without somebody who reads, or with
nothing more to read, a program ends.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Sequence
import contextlib
import fcntl
import math
import os
import re
import select
import signal
import subprocess
import threading
import time
from typing import Any
from typing import IO

from trove.common import exception

#: Bytes in a pipe, if the machine permits it: less switching to and fro.
_PIPE_SIZE = 1 << 20
#: So much of what a program said is kept, in bytes.
_TAIL = 4000
#: Seconds for a program to end after its output did.
_END_TIMEOUT = 60
#: Seconds between two checks while nothing comes.
_CHECK_INTERVAL = 1.0
#: How programs begin what went wrong, among what went well.
_ERROR = re.compile(r'\b(error|fatal): ', re.IGNORECASE)
#: Seconds for the last words of one that has ended.
_LISTEN_TIMEOUT = 5


class Pipeline:
    """Programs, each of which reads what the one before it writes.

    Use it in ``with``: at the end none of them runs any more.

    :param action: completes "failed to ..."
    :param commands: of the programs
    :param fed: the first one reads what :meth:`write` is given, and what the
        last one writes is dropped; else :meth:`read` returns that
    :param stall_timeout: seconds to wait for something to read, or for the
        first program to take more
    :param check: called every second of that; raises to give up
    :param options: for :class:`subprocess.Popen`
    :raises trove.common.exception.DatastoreError: one cannot be started
    """

    def __init__(
        self,
        action: str,
        *commands: Sequence[str],
        fed: bool = False,
        stall_timeout: float = math.inf,
        check: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> None:
        self._action = action
        self._stall_timeout = stall_timeout
        self._check_wanted = check
        self._running: list[_Program] = []
        source: Any = subprocess.PIPE if fed else subprocess.DEVNULL
        try:
            for number, command in enumerate(commands, 1):
                last = fed and number == len(commands)
                program = _Program(
                    command,
                    stdin=source,
                    stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                    **options,
                )
                if self._running:
                    source.close()
                self._running.append(program)
                source = program.process.stdout
        except OSError as error:
            self.abort()
            raise exception.DatastoreError(
                action=action, reason=f'{error.filename}: {error.strerror}.'
            ) from error
        self._output: IO[bytes] | None = source
        self._input = self._running[0].process.stdin
        if self._input is not None:
            os.set_blocking(self._input.fileno(), False)
        for stream in self._output, self._input:
            if stream is not None:
                with contextlib.suppress(OSError):
                    fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.abort()

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none when all came through.

        :raises trove.common.exception.DatastoreError: a program failed, or
            nothing came for too long
        """
        assert self._output is not None
        self._await(self._output, select.POLLIN, 'came')
        piece = self._output.read(size)
        if not piece:
            self._check()
        return piece

    def _await(self, stream: IO[bytes], event: int, what: str) -> None:
        """Return when there is something to read, room, or the end."""
        poll = select.poll()
        poll.register(stream, event)
        end = time.monotonic() + self._stall_timeout
        while True:
            left = min(end - time.monotonic(), _CHECK_INTERVAL)
            if poll.poll(max(left, 0) * 1000):
                return
            self._check_wanted()
            if time.monotonic() >= end:
                self.abort()
                raise exception.DatastoreError(
                    action=self._action,
                    reason=f'nothing {what} for {self._stall_timeout} s. '
                    'Check what keeps the database server or its disk busy, '
                    'or raise the option [guestagent] backup_stall_timeout.',
                )

    def write(self, piece: bytes) -> None:
        """Feed the first program.

        :raises trove.common.exception.DatastoreError: it reads no more, or
            nothing for too long
        """
        assert self._input is not None
        view = memoryview(piece)
        try:
            while view:
                self._await(self._input, select.POLLOUT, 'was taken')
                view = view[self._input.write(view) or 0:]
        except BrokenPipeError:
            self._check()
            raise exception.DatastoreError(
                action=self._action,
                reason='it ended before it had read everything.',
            ) from None

    def finish(self) -> None:
        """Return when all that was fed came through.

        :raises trove.common.exception.DatastoreError: a program failed
        """
        assert self._input is not None
        self._input.close()
        self._check()

    def said(self) -> str:
        """What the programs said at last; complete when they have ended."""
        return '\n'.join(program.said() for program in self._running)

    def abort(self) -> None:
        """Kill what still runs; it may be repeated."""
        for program in self._running:
            program.kill()

    def _check(self) -> None:
        reasons = [
            reason
            for program in self._running
            if (reason := program.failure()) is not None
        ]
        if reasons:
            raise exception.DatastoreError(
                action=self._action, reason='; '.join(reasons)
            )


def pour(
    action: str,
    pieces: Generator[bytes, None, None],
    *commands: Sequence[str],
    **options: Any,
) -> None:
    """Have programs read all of a stream, see :class:`Pipeline`.

    :raises trove.common.exception.TroveError: the stream or a program failed
    """
    with (
        contextlib.closing(pieces),
        Pipeline(action, *commands, fed=True, **options) as pipe,
    ):
        for piece in pieces:
            pipe.write(piece)
        pipe.finish()


class _Program:
    """One of them, and the end of what it said."""

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        self._name = os.path.basename(command[0])
        self.process = subprocess.Popen(
            command,
            bufsize=0,
            stderr=subprocess.PIPE,
            process_group=0,
            **options,
        )
        self._said = b''
        self._listener = threading.Thread(
            target=self._listen, name=f'{self._name}-errors', daemon=True
        )
        self._listener.start()

    def _listen(self) -> None:
        """Read without end, or the program would wait for us."""
        errors = self.process.stderr
        assert errors is not None
        while piece := errors.read(_TAIL):
            self._said = (self._said + piece)[-_TAIL:]

    def said(self) -> str:
        self._listener.join(_LISTEN_TIMEOUT)
        return self._said.decode(errors='replace').strip()

    def failure(self) -> str | None:
        """Wait for the end; return why it is a bad one."""
        try:
            status = self.process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            return f'{self._name} does not end'
        if status == 0:
            return None
        how = f'signal {-status}' if status < 0 else f'exit status {status}'
        said = _errors(self.said())
        return f'{self._name} ended with {how}{f": {said}" if said else ""}'

    def kill(self) -> None:
        if self.process.poll() is None:
            # With the programs that it has started.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._listener.join(_LISTEN_TIMEOUT)
        for stream in (
            self.process.stdin,
            self.process.stdout,
            self.process.stderr,
        ):
            if stream is not None:
                stream.close()


def _errors(said: str) -> str:
    """Keep the lines about errors of what a program said, if it marks them."""
    lines = said.splitlines()
    marked = [line for line in lines if _ERROR.search(line)]
    return '\n'.join(marked) or said
