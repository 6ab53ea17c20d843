# SPDX-License-Identifier: Apache-2.0
"""Bodies of /instances/{id}/databases."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

DATABASE = common.closed(
    {
        'name': common.IDENTIFIER,
        'character_set': common.TEXT,
        'collate': common.TEXT,
    },
    ('name',),
    'an object with the key "name"',
)

REFERENCE = common.closed(
    {'name': common.IDENTIFIER}, ('name',), 'an object with the key "name"'
)

#: ``database`` with one object is what openstacksdk sends.
CREATE = validation.Body(
    {
        'type': 'object',
        'minProperties': 1,
        'maxProperties': 1,
        'additionalProperties': False,
        'properties': {
            'databases': common.many(DATABASE, 'database'),
            'database': DATABASE,
        },
        'description': 'an object with the key "databases"',
    }
)

GRANT = validation.Body(
    common.wrapped('databases', common.many(REFERENCE, 'database'))
)
