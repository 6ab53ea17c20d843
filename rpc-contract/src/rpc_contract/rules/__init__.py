# SPDX-License-Identifier: Apache-2.0
"""The rules, in one table.

Each says what a breach does in both directions. *Forward* is an old client
that sends to a new server, *backward* a new client that sends to an old one.
"""

from __future__ import annotations

from rpc_contract.rules._cross import CROSS
from rpc_contract.rules._hygiene import HYGIENE
from rpc_contract.rules._methods import METHODS
from rpc_contract.rules._reading import READING
from rpc_contract.rules._rule import Kind
from rpc_contract.rules._rule import Rule
from rpc_contract.rules._rule import Severity
from rpc_contract.rules._rule import Verdict
from rpc_contract.rules._suppressions import SUPPRESSIONS
from rpc_contract.rules._values import VALUES

#: By id, in the order in which they are explained.
RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        *METHODS,
        *VALUES,
        *HYGIENE,
        *SUPPRESSIONS,
        *CROSS,
        *READING,
    )
}

__all__ = ('RULES', 'Kind', 'Rule', 'Severity', 'Verdict')
