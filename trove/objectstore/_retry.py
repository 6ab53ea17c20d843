# SPDX-License-Identifier: Apache-2.0
"""Retries, and the reasons of failed connections."""

from __future__ import annotations

import dataclasses
import random
import ssl

import requests


@dataclasses.dataclass(frozen=True)
class Retry:
    """The retries of a request after temporary failures.

    :ivar attempts: maximum number of attempts
    :ivar delay: seconds before the second one; doubled before each next one
    :ivar max_delay: maximum of seconds between two, even if the store asks
        for more
    """

    attempts: int = 7
    delay: float = 1.0
    max_delay: float = 30.0

    def after(self, attempt: int, wanted: float | None = None) -> float:
        """Return the seconds to wait after an attempt, counted from 1."""
        if wanted is not None:
            return min(wanted, self.max_delay)
        longest = min(self.delay * 2.0 ** (attempt - 1), self.max_delay)
        return longest * random.uniform(0.5, 1)


def bare(error: BaseException) -> str:
    """Return the reason of a failure without the URL, which may be signed."""
    inner: BaseException | None = error
    while inner is not None:
        cause = inner.__cause__ or inner.__context__
        if isinstance(inner, ssl.SSLError | OSError) and not isinstance(
            inner, requests.RequestException
        ):
            return f'{type(inner).__name__}: {inner}'
        inner = cause
    return f'the connection failed ({type(error).__name__})'
