# SPDX-License-Identifier: Apache-2.0
"""Numbered steps on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import sys
import textwrap
import threading
import time
from typing import TextIO
from typing import TypeVar

Value = TypeVar('Value')

_WIDTH = 79


class CheckFailed(Exception):
    """A check failed; the text says which."""


class Progress:
    """Prints the progress of steps.

    :param total: number of steps
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total = total
        self._number = 0
        self._stream = stream or sys.stdout

    def say(self, text: str = '') -> None:
        print(text, file=self._stream, flush=True)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run one step: print its title, and its duration on success."""
        self._number += 1
        self.say(f'[{self._number:2}/{self._total}] {title}')
        began = time.monotonic()
        yield
        self.say(f'        ok, {time.monotonic() - began:.1f} s')

    def note(self, text: str) -> None:
        """Print a note on the step, wrapped."""
        for line in text.splitlines():
            self.say(
                textwrap.fill(
                    line,
                    _WIDTH,
                    initial_indent=' ' * 8,
                    subsequent_indent=' ' * 10,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )


def check(condition: object, text: str) -> None:
    """Check a condition.

    :param text: the error if it does not hold
    :raises CheckFailed: it does not hold
    """
    if not condition:
        raise CheckFailed(text)


def wait(
    condition: Callable[[], Value], what: str, seconds: float = 60.0
) -> Value:
    """Wait for a true result of ``condition`` and return it.

    :param what: completes "not within 60 seconds: ..."
    :raises CheckFailed: there is none within the timeout
    """
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise CheckFailed(
                f'not within {seconds:g} seconds: {what}; the last result '
                f'was {value!r}'
            )
        pause.wait(0.05)
