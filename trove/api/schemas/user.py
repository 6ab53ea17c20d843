# SPDX-License-Identifier: Apache-2.0
"""Bodies of /instances/{id}/users."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common
from trove.api.schemas import database

_DATABASES: common.Schema = {
    'type': 'array',
    'items': database.REFERENCE,
    'description': 'a list of databases, each an object with "name"',
}

USER = common.closed(
    {
        'name': common.IDENTIFIER,
        'password': common.PASSWORD,
        'host': common.HOST,
        'databases': _DATABASES,
    },
    ('name', 'password'),
    'an object with the keys "name" and "password"',
)

CREATE = validation.Body(common.wrapped('users', common.many(USER, 'user')))

#: What openstacksdk sends: the name is in the path, and may be here too.
CREATE_ONE = validation.Body(
    common.wrapped(
        'users',
        common.closed(
            {
                'name': common.IDENTIFIER,
                'password': common.PASSWORD,
                'host': common.HOST,
                'databases': _DATABASES,
            },
            ('password',),
            'an object with the key "password"',
        ),
    )
)

UPDATE = validation.Body(
    common.wrapped(
        'user',
        {
            **common.closed(
                {
                    'name': common.IDENTIFIER,
                    'password': common.PASSWORD,
                    'host': common.HOST,
                }
            ),
            'minProperties': 1,
            'description': 'an object with "name", "password" or "host"',
        },
    )
)

CHANGE_PASSWORDS = validation.Body(
    common.wrapped(
        'users',
        common.many(
            common.closed(
                {
                    'name': common.IDENTIFIER,
                    'password': common.PASSWORD,
                    'host': common.HOST,
                },
                ('name', 'password'),
                'an object with the keys "name" and "password"',
            ),
            'user',
        ),
    )
)
