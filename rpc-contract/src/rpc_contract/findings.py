# SPDX-License-Identifier: Apache-2.0
"""What a check finds."""

from __future__ import annotations

import dataclasses

from rpc_contract import model


@dataclasses.dataclass(frozen=True)
class Finding:
    """A breach of a rule.

    :param rule: the id of the rule, see :mod:`rpc_contract.rules`
    :param symbol: the method, or ``method(argument)``; empty: the interface
    :param message: what is wrong, for people, one sentence or two
    :param fix: the edit to make
    :param against: what it was compared with: ``cellar 1.3``, a git
        revision, a wheel; None where nothing was
    :param suppressed: the reason why it is borne, None where it is not
    """

    rule: str
    interface: str
    symbol: str
    where: model.Location
    message: str
    fix: str
    against: str | None = None
    suppressed: str | None = None
