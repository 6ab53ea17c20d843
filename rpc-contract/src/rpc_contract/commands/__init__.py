# SPDX-License-Identifier: Apache-2.0
"""The commands, by name: each reads sources and runs nothing of them."""

from __future__ import annotations

from rpc_contract.commands import base
from rpc_contract.commands import check
from rpc_contract.commands import diff
from rpc_contract.commands import dump
from rpc_contract.commands import freeze
from rpc_contract.commands import rules

COMMANDS: dict[str, base.Command] = {
    'check': check.Check(),
    'diff': diff.Diff(),
    'changelog': diff.Changelog(),
    'dump': dump.Dump(),
    'freeze': freeze.Freeze(),
    'rules': rules.List(),
    'explain': rules.Explain(),
}
