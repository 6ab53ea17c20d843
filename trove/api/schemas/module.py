# SPDX-License-Identifier: Apache-2.0
"""Bodies of modules."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

#: Maximum number of modules in one request: all travel in one message.
MOST = 20

# 0 and 1 are false and true to released clients.
_FLAG: common.Schema = {
    'enum': [0, 1, True, False],
    'description': '0 or 1',
}

_CONTENTS: common.Schema = {
    'type': 'string',
    'minLength': 1,
    'pattern': r'^[A-Za-z0-9+/\s]+=*\s*$',
    'description': 'a text in base64',
}

_TYPE: common.Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 64,
    'description': 'the type of a module',
}

_COMMON: dict[str, common.Schema] = {
    'name': common.NAME,
    'contents': _CONTENTS,
    'description': {
        'type': ['string', 'null'],
        'maxLength': 255,
        'description': 'a string of at most 255 characters, or null',
    },
    'datastore': common.closed(
        {'type': common.TEXT, 'version': common.TEXT},
        description='an object with "type" or "version"',
    ),
    'all_tenants': _FLAG,
    'auto_apply': _FLAG,
    'visible': _FLAG,
    'live_update': _FLAG,
    'priority_apply': _FLAG,
    'full_access': _FLAG,
    'apply_order': {
        'type': 'integer',
        'minimum': 0,
        'maximum': 9,
        'description': 'a number from 0 to 9',
    },
}

CREATE = validation.Body(
    common.wrapped(
        'module',
        common.closed(
            {**_COMMON, 'module_type': _TYPE},
            ('contents', 'module_type', 'name'),
            'an object with "name", "module_type" and "contents"',
        ),
    )
)

UPDATE = validation.Body(
    common.wrapped(
        'module',
        {
            **common.closed(
                {
                    **_COMMON,
                    'type': _TYPE,
                    'module_type': _TYPE,
                    'all_datastores': _FLAG,
                    'all_datastore_versions': _FLAG,
                },
            ),
            'minProperties': 1,
            'description': 'an object with what is to be changed',
        },
    )
)

_NUMBER: common.Schema = {
    'type': ['integer', 'null'],
    'minimum': 0,
    'maximum': 1_000_000,
    'description': 'a number from 0 to 1000000',
}

_SECONDS: common.Schema = {
    **_NUMBER,
    'maximum': 3600,
    'description': 'a number from 0 to 3600',
}

REAPPLY = validation.Body(
    common.wrapped(
        'reapply',
        common.closed(
            {
                'md5': {
                    'type': ['string', 'null'],
                    'pattern': '^[0-9a-f]{32}$',
                    'description': 'an MD5 of 32 hexadecimal digits',
                },
                'include_clustered': _FLAG,
                'batch_size': _NUMBER,
                'batch_delay': _SECONDS,
                'force': _FLAG,
            },
            description='an object, empty or with what is to be restricted',
        ),
    )
)

#: Those that an instance gets.
LIST: common.Schema = {
    'type': ['array', 'null'],
    'maxItems': MOST,
    'items': common.closed(
        {'id': common.TEXT}, ('id',), 'an object with the key "id"'
    ),
    'description': f'a list of at most {MOST} modules',
}

APPLY = validation.Body(
    common.closed(
        {'modules': {**LIST, 'type': 'array', 'minItems': 1}},
        ('modules',),
        'an object with the key "modules"',
    )
)
