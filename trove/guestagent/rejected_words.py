# SPDX-License-Identifier: Apache-2.0
"""What is said of messages that the guest could not take."""

from __future__ import annotations

import json
import logging
import pathlib
from typing import Any
from typing import Final

from trove.common import rpc

LOG = logging.getLogger(__name__)

#: Characters of arguments that are shown of a message of anybody.
SHOWN: Final = 4096


def dump(arguments: dict[str, Any]) -> str:
    """Return arguments as JSON, whatever they are."""
    return json.dumps(arguments, default=repr)


def line(rejection: rpc.Rejection) -> str:
    """A rejection in one line, without secrets; whatever it is of."""
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
    """Say that it is kept in a file."""
    # What came over the wire is shown with what is not printable escaped.
    level = logging.ERROR if rejection.honest else logging.WARNING
    LOG.log(
        level,
        'Could not take the %s %r of request %r: %s. Nothing of it was done. '
        'It is kept in %s until a conductor has taken it over; then '
        '"trove-rpc rejected list" shows it.',
        rejection.kind,
        rejection.method[:255],
        rejection.request_id,
        rejection.reason,
        path,
    )
