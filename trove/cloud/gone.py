# SPDX-License-Identifier: Apache-2.0
"""Servers that somebody deleted in the cloud."""

from __future__ import annotations

from typing import Final

from trove.common import exception

#: The heading is one of the runbooks.
REMEDY: Final = (
    'It was deleted in the cloud, so repeating this does not help. Its volume '
    'has the data: an operator finds what to do in the runbooks, "Save the '
    'data of a server that is gone".'
)


def error(instance_id: str) -> exception.NotFound:
    return exception.NotFound(
        id=f'server of instance {instance_id}', remedy=REMEDY
    )
