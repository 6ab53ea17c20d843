# SPDX-License-Identifier: Apache-2.0
"""Reads hand-written clients and endpoints of oslo.messaging projects."""

from __future__ import annotations

from trove.contracts.idioms._clients import read as read_client
from trove.contracts.idioms._endpoints import read as read_endpoint

__all__ = ('read_client', 'read_endpoint')
