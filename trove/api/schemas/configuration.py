# SPDX-License-Identifier: Apache-2.0
"""Bodies of parameters and of configuration groups."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common
from trove.api.schemas import instance
from trove.common.datastores import settings

_LIMIT: common.Schema = {
    'type': ['number', 'string', 'null'],
    'maxLength': 40,
    'pattern': r'^-?[0-9]+([.][0-9]+)?$',
    'description': 'a number, or null for none',
}

_NAME: common.Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 128,
    'pattern': r'^[\w.-]+$',
    'description': 'a name of 1 to 128 letters, digits, ".", "-" or "_"',
}

PARAMETER = validation.Body(
    common.wrapped(
        'configuration-parameter',
        common.closed(
            {
                'name': _NAME,
                'data_type': {
                    'enum': sorted(settings.TYPES),
                    'description': 'one of '
                    + ', '.join(sorted(settings.TYPES)),
                },
                # 0 and 1 are false and true to released clients.
                'restart_required': {
                    'enum': [0, 1, True, False],
                    'description': '0 or 1',
                },
                'max_size': _LIMIT,
                'min_size': _LIMIT,
            },
            ('data_type', 'name', 'restart_required'),
            'an object with "name", "data_type" and "restart_required"',
        ),
    )
)

_VALUES: common.Schema = {
    'type': 'object',
    'description': 'an object with a value for each parameter',
}

_OPTIONAL: dict[str, common.Schema] = {
    'name': {
        **common.NAME,
        'maxLength': 64,
        'description': 'a string of 1 to 64 characters that is not blank',
    },
    'description': {
        'type': ['string', 'null'],
        'maxLength': 256,
        'description': 'a string of at most 256 characters, or null',
    },
}

CREATE = validation.Body(
    common.wrapped(
        'configuration',
        common.closed(
            {
                **_OPTIONAL,
                'values': _VALUES,
                'datastore': instance.DATASTORE,
            },
            ('name', 'values'),
            'an object with "name" and "values"',
        ),
    )
)

REPLACE = validation.Body(
    common.wrapped(
        'configuration',
        common.closed(
            {**_OPTIONAL, 'values': _VALUES},
            ('values',),
            'an object with "values"',
        ),
    )
)

EDIT = validation.Body(
    common.wrapped(
        'configuration',
        common.closed(
            {'values': _VALUES}, ('values',), 'an object with "values"'
        ),
    )
)
