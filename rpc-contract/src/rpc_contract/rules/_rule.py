# SPDX-License-Identifier: Apache-2.0
"""What a rule is."""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal

Kind = Literal['change', 'hygiene', 'cross']


class Verdict(enum.StrEnum):
    """What becomes of a message."""

    SAFE = 'safe'
    GATED = 'safe when gated'
    BREAKING = 'breaking'
    NONE = 'does not apply'


class Severity(enum.StrEnum):
    """What a breach costs; a note does not fail a check."""

    ERROR = 'error'
    WARNING = 'warning'
    NOTE = 'note'


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule.

    :param id: as it is written in suppressions and on command lines
    :param title: what a breach is, a sentence without its full stop
    :param forward: old client to new server
    :param backward: new client to old server
    :param why: what goes wrong for whom
    :param fix: what to do about it
    :param bad: an example, as source
    :param good: the same done well
    """

    id: str
    title: str
    kind: Kind
    severity: Severity
    forward: Verdict
    backward: Verdict
    why: str = ''
    fix: str = ''
    bad: str = ''
    good: str = ''
