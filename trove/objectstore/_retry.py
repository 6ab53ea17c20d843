# SPDX-License-Identifier: Apache-2.0
"""When to try again, and what to say of a connection that failed."""

from __future__ import annotations

import dataclasses
import random
import ssl

import requests


@dataclasses.dataclass(frozen=True)
class Retry:
    """How a request is repeated that failed for a reason that may pass.

    :ivar attempts: how many times it is tried, at most
    :ivar delay: seconds before the second; doubled before each of the next
    :ivar max_delay: most seconds between two, whatever the store asks for
    """

    attempts: int = 7
    delay: float = 1.0
    max_delay: float = 30.0

    def after(self, attempt: int, wanted: float | None = None) -> float:
        """Return the seconds to wait after so many attempts."""
        if wanted is not None:
            return min(wanted, self.max_delay)
        longest = min(self.delay * 2.0 ** (attempt - 1), self.max_delay)
        return longest * random.uniform(0.5, 1)


def bare(error: BaseException) -> str:
    """Say why a connection failed, without its URL, which may be signed."""
    inner: BaseException | None = error
    while inner is not None:
        cause = inner.__cause__ or inner.__context__
        if isinstance(inner, ssl.SSLError | OSError) and not isinstance(
            inner, requests.RequestException
        ):
            return f'{type(inner).__name__}: {inner}'
        inner = cause
    return f'the connection failed ({type(error).__name__})'
