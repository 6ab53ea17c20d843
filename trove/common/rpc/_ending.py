# SPDX-License-Identifier: Apache-2.0
"""Closing connections to a message broker that may not answer any more."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading

LOG = logging.getLogger(__name__)


def close(function: Callable[[], object], seconds: float) -> None:
    """Close something in order, or leave that to the end of the process.

    oslo.messaging waits a minute for each answer of the broker, for one
    queue, channel and connection after the other.

    :param function: closes it
    :param seconds: that it may take
    :raises Exception: of the function
    """
    errors: list[Exception] = []

    def run() -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    closer = threading.Thread(target=run, name='rpc-close', daemon=True)
    closer.start()
    closer.join(seconds)
    if closer.is_alive():
        LOG.warning(
            'The message broker did not close a connection within %s '
            'seconds. It is left behind; check the broker.',
            seconds,
        )
    for error in errors:
        raise error
