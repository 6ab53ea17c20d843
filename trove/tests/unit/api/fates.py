# SPDX-License-Identifier: Apache-2.0
"""What may become of a key of a body."""

from __future__ import annotations

from typing import NamedTuple
import uuid

#: The id of an instance, a backup and so on that are there.
GROUP = str(uuid.uuid4())


class Applied(NamedTuple):
    """The text turns up in a message, or in what is shown."""

    body: object
    text: str


class Refused(NamedTuple):
    """The answer is this status, and the error names the text."""

    body: object
    status: int
    text: str


def under(prefix, fates):
    return {f'{prefix}.{key}': fate for key, fate in fates.items()}
