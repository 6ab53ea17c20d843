# SPDX-License-Identifier: Apache-2.0
"""Reads hand-written clients and endpoints of oslo.messaging projects."""

from __future__ import annotations

import griffe

from rpc_contract import reading
from rpc_contract.idioms import _served
from rpc_contract.idioms import _source
from rpc_contract.idioms._clients import read as read_client
from rpc_contract.idioms._endpoints import read as read_endpoints

__all__ = ('read_client', 'read_endpoints', 'why_never_run')


def why_never_run(
    tree: reading.Tree, owner: griffe.Class, method: griffe.Function
) -> str:
    """Say why calling a method runs nothing of it; empty: it does."""
    function = _source.Source(tree, owner).function(method)
    return _served.never_run(function.node) if function else ''
