# SPDX-License-Identifier: Apache-2.0
"""Numbered steps on a terminal, or in a log."""

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
    """Something is not as it should be; the text says what."""


class Progress:
    """Tells what is being done.

    :param total: how many steps there will be
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total = total
        self._number = 0
        self._stream = stream or sys.stdout

    def say(self, text: str = '') -> None:
        print(text, file=self._stream, flush=True)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Do one step: its title now, its time when it went well."""
        self._number += 1
        self.say(f'[{self._number:2}/{self._total}] {title}')
        began = time.monotonic()
        yield
        self.say(f'        ok, {time.monotonic() - began:.1f} s')

    def note(self, text: str) -> None:
        """Say something about the step, on as many lines as it takes."""
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
    """Go on only if something holds.

    :param text: what does not hold otherwise
    :raises CheckFailed: it does not
    """
    if not condition:
        raise CheckFailed(text)


def wait(
    condition: Callable[[], Value], what: str, seconds: float = 60.0
) -> Value:
    """Return the first true answer of ``condition``.

    :param what: completes "waited in vain until ..."
    :raises CheckFailed: there is none in time
    """
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise CheckFailed(
                f'waited {seconds:g} seconds in vain until {what}; the last '
                f'answer was {value!r}'
            )
        pause.wait(0.05)
