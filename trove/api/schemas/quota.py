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
                'description': 'an integer from -1 (unlimited) to 2147483647, '
                'or null to keep it unchanged',
            },
            'description': 'an object with a number for each resource',
        },
    )
)
