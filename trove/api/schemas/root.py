# SPDX-License-Identifier: Apache-2.0
"""Bodies of /instances/{id}/root."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

ENABLE = validation.Body(
    common.closed(
        {'password': common.PASSWORD},
        description='an object, optionally with "password"',
    ),
    optional=True,
)
