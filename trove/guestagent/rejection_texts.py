# SPDX-License-Identifier: Apache-2.0
"""Texts about messages that the guest agent has rejected."""

from __future__ import annotations

import json
import logging
import pathlib
from typing import Any
from typing import Final

from trove.common import rpc

LOG = logging.getLogger(__name__)

#: Maximum characters of arguments that are shown of untrusted messages.
SHOWN: Final = 4096


def dump(arguments: dict[str, Any]) -> str:
    """Return arguments as JSON, whatever their types."""
    return json.dumps(arguments, default=repr)


def line(rejection: rpc.Rejection) -> str:
    """Return a rejection in one line, without secrets; does not raise."""
    try:
        values = {
            name: value
            for name, value in vars(rejection).items()
            if name != 'arguments'
        }
        return dump(values | {'arguments': rejection.masked()})[:SHOWN]
    except Exception as error:  # noqa: BLE001
        return (
            f'{rejection.kind} {rejection.method[:255]!r} of request '
            f'{rejection.request_id!r} ({type(error).__name__})'
        )


def log(rejection: rpc.Rejection, path: pathlib.Path) -> None:
    """Log a rejection that was stored in a file."""
    # logs.py escapes what is not printable in texts of others.
    level = logging.ERROR if rejection.honest else logging.WARNING
    LOG.log(
        level,
        'Rejected the %s %r of request %r: %s. Nothing was changed. It is '
        'kept in %s until it is reported to a conductor; then see '
        '"trove-rpc rejected list".',
        rejection.kind,
        rejection.method[:255],
        rejection.request_id,
        rejection.reason,
        path,
    )
