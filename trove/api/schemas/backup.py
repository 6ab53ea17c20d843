# SPDX-License-Identifier: Apache-2.0
"""Bodies of /backups and /backup_strategies."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

#: Some characters mean something to a shell, or to the path of a URL.
CONTAINER: common.Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 255,
    'pattern': r'^(?!\.)[\w.,:=@+-]+\Z',
    'description': 'a name of letters, digits and the characters _.,:=@+- '
    'that does not begin with a dot',
}

_OR_NULL = ['string', 'null']

_DESCRIPTION: common.Schema = {
    'type': _OR_NULL,
    'maxLength': 255,
    'description': 'a string of at most 255 characters',
}

_REFERENCE: common.Schema = {
    **common.TEXT,
    'description': 'the ID of an instance or a backup',
}

RESTORE_FROM: common.Schema = common.closed(
    {
        'remote_location': {
            'type': 'string',
            'minLength': 1,
            'maxLength': 1024,
            'description': 'the URL of the data of a backup',
        },
        'local_datastore_version_id': common.UUID,
        'size': {
            'type': ['number', 'string'],
            'minimum': 0,
            'maxLength': 12,
            'pattern': r'^[0-9]+(\.[0-9]+)?$',
            'description': 'a number of GiB',
        },
    },
    ('remote_location', 'local_datastore_version_id', 'size'),
    'an object with the keys "remote_location", '
    '"local_datastore_version_id" and "size"',
)

CREATE = validation.Body(
    common.wrapped(
        'backup',
        common.closed(
            {
                'name': common.NAME,
                'description': _DESCRIPTION,
                'instance': {**_REFERENCE, 'type': _OR_NULL},
                'parent_id': {**_REFERENCE, 'type': _OR_NULL},
                'incremental': {
                    'enum': [0, 1, True, False, '0', '1', None],
                    'description': '0 or 1',
                },
                'storage_driver': {**common.TEXT, 'type': _OR_NULL},
                'swift_container': {**CONTAINER, 'type': _OR_NULL},
                'restore_from': RESTORE_FROM,
            },
            ('name',),
            'an object with the key "name"',
        ),
    )
)


VERIFY = validation.Body(
    common.wrapped('verify', common.closed({}, (), 'an empty object'))
)


def _number(most: int, what: str) -> common.Schema:
    return {
        'type': ['integer', 'null'],
        'minimum': 1,
        'maximum': most,
        'description': f'a number of {what} from 1 to {most}',
    }


SCHEDULE: common.Schema = {
    **common.closed(
        {
            'interval': {**_number(8760, 'hours'), 'type': 'integer'},
            'full_every': _number(1000, 'backups'),
            'keep': _number(10_000, 'backups'),
            'keep_days': _number(36_500, 'days'),
            'verify': {**common.BOOLEAN, 'type': ['boolean', 'null']},
        },
        ('interval',),
        'an object with "interval"',
    ),
    'type': ['object', 'null'],
}

STRATEGY = validation.Body(
    common.wrapped(
        'backup_strategy',
        common.closed(
            {
                'instance_id': {
                    'type': _OR_NULL,
                    'maxLength': 255,
                    'description': 'the ID of an instance, or empty for all '
                    'of the project',
                },
                'swift_container': CONTAINER,
                'schedule': SCHEDULE,
                'log_archive': {
                    **common.BOOLEAN,
                    'type': ['boolean', 'null'],
                },
            },
            ('swift_container',),
            'an object with the key "swift_container"',
        ),
    )
)
