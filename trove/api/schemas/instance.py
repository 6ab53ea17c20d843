# SPDX-License-Identifier: Apache-2.0
"""Bodies of /instances."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common
from trove.api.schemas import database
from trove.api.schemas import module
from trove.api.schemas import user

#: The highest max_allowed_cidrs.
MOST_CIDRS = 100

ACCESS = common.closed(
    {
        'is_public': common.BOOLEAN,
        'allowed_cidrs': {
            'type': 'array',
            'maxItems': MOST_CIDRS,
            'items': common.TEXT,
            'description': f'a list of at most {MOST_CIDRS} networks such as '
            '"10.0.0.0/8"',
        },
    },
    description='an object with "is_public" or "allowed_cidrs"',
)

VOLUME = common.closed(
    {
        'size': common.SIZE,
        'type': {
            'type': ['string', 'null'],
            'minLength': 1,
            'maxLength': 255,
            'description': 'the name or ID of a volume type, or null',
        },
    },
    ('size',),
    'an object with the key "size"',
)

NIC = common.closed(
    {
        'net-id': common.UUID,
        'network_id': common.UUID,
        'subnet_id': common.UUID,
        'ip_address': {
            'type': 'string',
            'pattern': r'^([0-9]{1,3}\.){3}[0-9]{1,3}$',
            'description': 'an IPv4 address',
        },
    },
    description='an object with "network_id", "subnet_id" or "ip_address"',
)

DATASTORE = common.closed(
    {
        'type': common.TEXT,
        'version': common.TEXT,
        'version_number': common.TEXT,
    },
    description='an object with "type", "version" or "version_number"',
)

#: Nova takes what follows a colon as the host, from administrators only, such
#: as the services.
ZONE: common.Schema = {
    **common.TEXT,
    'pattern': '^[^:]+$',
    'description': 'a string of 1 to 255 characters without a colon',
}

#: Of a new instance; an empty text is what some clients send for none.
GROUP: common.Schema = {
    'type': ['string', 'null'],
    'maxLength': 255,
    'description': 'the ID of a configuration group, or null for none',
}

RESTORE_POINT: common.Schema = {
    **common.closed(
        {
            'backupRef': common.TEXT,
            'instance': common.TEXT,
            'time': {
                'type': 'string',
                'maxLength': 40,
                'description': 'a time such as 2027-01-31T08:00:00Z',
            },
        },
        description='an object with "backupRef", or with "instance" and '
        '"time"',
    ),
    'type': ['object', 'null'],
}

CREATE = validation.Body(
    common.wrapped(
        'instance',
        common.closed(
            {
                'name': common.NAME,
                'flavorRef': common.FLAVOR,
                'flavor': {
                    **common.FLAVOR,
                    'type': ['string', 'integer', 'object'],
                    'properties': {'id': common.FLAVOR},
                    'required': ['id'],
                },
                # openstacksdk users give the size alone.
                'volume': {
                    **VOLUME,
                    'type': ['object', 'integer'],
                    'minimum': 1,
                },
                'datastore': DATASTORE,
                'databases': {
                    'type': 'array',
                    'items': database.DATABASE,
                    'description': 'a list of databases',
                },
                'users': {
                    'type': 'array',
                    'items': user.USER,
                    'description': 'a list of users',
                },
                'nics': {
                    'type': 'array',
                    'maxItems': 1,
                    'items': NIC,
                    'description': 'a list of at most one network',
                },
                'availability_zone': ZONE,
                'region_name': common.TEXT,
                'locality': {
                    'enum': ['affinity', 'anti-affinity', None],
                    'description': '"affinity" or "anti-affinity"',
                },
                'access': ACCESS,
                'restorePoint': RESTORE_POINT,
                'replica_of': {
                    'type': ['string', 'null'],
                    'minLength': 1,
                    'maxLength': 255,
                    'description': 'the ID of the primary',
                },
                'replica_count': {
                    'type': ['integer', 'null'],
                    'minimum': 1,
                    'maximum': 3,
                    'description': 'a number from 1 to 3',
                },
                'configuration': GROUP,
                'modules': module.LIST,
            },
            ('name',),
            'an object with the key "name"',
        ),
    )
)

_OR_NULL = ['string', 'null']

_REFERENCE: common.Schema = {
    'type': _OR_NULL,
    'description': 'an ID, or null to detach it',
}

UPDATE = validation.Body(
    common.wrapped(
        'instance',
        common.closed(
            {
                'name': common.NAME,
                'access': {**ACCESS, 'minProperties': 1},
                'configuration': _REFERENCE,
                'replica_of': _REFERENCE,
                'slave_of': _REFERENCE,
            }
        ),
    )
)

EDIT = validation.Body(
    common.wrapped(
        'instance',
        {
            **common.closed(
                {
                    'name': common.NAME,
                    'configuration': _REFERENCE,
                    'replica_of': _REFERENCE,
                    'slave_of': _REFERENCE,
                    'datastore_version': {
                        **common.TEXT,
                        'description': 'the name or ID of a version',
                    },
                },
            ),
            'minProperties': 1,
            'description': 'an object with what is to be changed',
        },
    )
)

NOTHING: common.Schema = {
    'type': ['object', 'null'],
    'maxProperties': 0,
    'description': 'an empty object',
}

RESIZE: common.Schema = {
    'type': 'object',
    'minProperties': 1,
    'maxProperties': 1,
    'additionalProperties': False,
    'properties': {
        'flavorRef': common.FLAVOR,
        'volume': {
            **common.closed({'size': common.SIZE}, ('size',)),
            # openstacksdk gives the size alone.
            'type': ['object', 'integer'],
            'minimum': 1,
            'description': 'an object with the key "size", in GiB',
        },
    },
    'description': 'an object with either "flavorRef" or "volume"',
}

RESET_STATUS: common.Schema = {
    **common.closed({'force_delete': common.BOOLEAN}),
    'type': ['object', 'null'],
    'description': 'an object, empty or with "force_delete"',
}

MIGRATE: common.Schema = {
    **common.closed({'host': {**common.TEXT, 'type': _OR_NULL}}),
    'type': ['object', 'null'],
    'description': 'an object, empty or with "host"',
}

REBUILD: common.Schema = common.closed(
    {'image_id': {**common.UUID, 'description': 'the UUID of an image'}},
    ('image_id',),
    'an object with "image_id"',
)


def one_of(properties: dict[str, common.Schema]) -> validation.Body:
    """Return a body with exactly one of some keys."""
    names = ', '.join(f'"{name}"' for name in properties)
    return validation.Body(
        {
            'type': 'object',
            'minProperties': 1,
            'maxProperties': 1,
            'additionalProperties': False,
            'properties': properties,
            'description': f'an object with exactly one of {names}',
        }
    )
