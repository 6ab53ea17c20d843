# SPDX-License-Identifier: Apache-2.0
"""A message that has come in, before anybody has looked into it."""

from __future__ import annotations

import dataclasses
import marshal
from typing import Any
from typing import Literal

from trove.common import text as texts
from trove.common.rpc import _budget

UNKNOWN = 'unknown'

#: Entry of a context, between peers of ours: the latest revision of the
#: interface that the sender knows. It is counted, and nothing follows from it.
REVISION = 'rpc_revision'

#: Levels of lists and objects beyond which a message is not read. Much of
#: what has to do with it, here and elsewhere, goes down level by level.
_DEEPEST = 100


@dataclasses.dataclass(slots=True)
class Message:
    """What is known of a message; filled in on its way.

    :param id: of a sealed one, when it may be a copy
    :param payer: whose turn it is that is to be given back
    """

    kind: Literal['call', 'cast']
    method: str = UNKNOWN
    version: str = UNKNOWN
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    context: dict[str, Any] = dataclasses.field(default_factory=dict)
    sender: str | None = None
    form: str = ''
    id: str | None = None
    payer: _budget.Payer | None = None


def size(value: Any) -> int:
    """About how many bytes a value of JSON has."""
    try:
        # The fastest way to walk through it.
        return len(marshal.dumps(value))
    except ValueError:
        # Nested too deeply, or no value of JSON.
        return len(repr(value))


def is_deep(value: Any) -> bool:
    """Whether a value of JSON is nested more deeply than anything honest."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, (dict, list, tuple))
        ]
        if not level:
            return False
    return True


def text(value: object) -> str | None:
    """The beginning of a text, None when it is none."""
    return texts.printable(value[:64]) if isinstance(value, str) else None
