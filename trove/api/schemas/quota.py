# SPDX-License-Identifier: Apache-2.0
"""Bodies of /mgmt/quotas."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

UPDATE = validation.Body(
    common.wrapped(
        'quotas',
        {
            'type': 'object',
            'minProperties': 1,
            'additionalProperties': {
                'type': ['integer', 'null'],
                'minimum': -1,
                'maximum': 2147483647,
                'description': 'a whole number from -1 (no limit) to '
                '2147483647, or null to leave it as it is',
            },
            'description': 'an object with a number for each resource',
        },
    )
)
