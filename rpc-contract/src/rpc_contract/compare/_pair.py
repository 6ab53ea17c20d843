# SPDX-License-Identifier: Apache-2.0
"""Two contracts of an interface, side by side."""

from __future__ import annotations

import dataclasses
import difflib

from rpc_contract import findings
from rpc_contract import model


@dataclasses.dataclass(frozen=True)
class Pair:
    """An older contract, and the one that a tree has now.

    :param old: what peers of its last revision serve and send
    :param new: the contract of the tree, with its history where it has one
    :param then: what the new one believes of peers of the old revision: what
        it sends to them
    :param now: what endpoints of the tree serve
    :param against: how a person calls the old one
    :param coming: the revision that a change belongs to
    """

    old: model.Contract
    new: model.Contract
    then: model.Contract
    now: model.Contract
    against: str
    coming: str

    @property
    def declared(self) -> bool:
        """Whether the contract itself says since when there is what."""
        return bool(self.new.history)

    def finding(
        self,
        rule: str,
        symbol: str,
        where: model.Location,
        message: str,
        fix: str,
    ) -> findings.Finding:
        return findings.Finding(
            rule=rule,
            interface=self.new.interface,
            symbol=symbol,
            where=where,
            message=message,
            fix=fix,
            against=self.against,
        )


def alike(one: str, other: str) -> float:
    """Say how much two names are alike, from 0 to 1."""
    return difflib.SequenceMatcher(None, one, other).ratio()
