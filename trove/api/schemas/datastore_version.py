# SPDX-License-Identifier: Apache-2.0
"""Bodies of /mgmt/datastore-versions."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

#: With a letter or a digit of ASCII, as released Trove wants it.
_PATTERN = '[0-9a-zA-Z]'

_NAME: common.Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 255,
    'pattern': _PATTERN,
    'description': 'a string of 1 to 255 characters with a letter or a digit',
}

_TAGS: common.Schema = {
    'type': 'array',
    'maxItems': 5,
    'uniqueItems': True,
    'items': {
        'type': 'string',
        'minLength': 1,
        'maxLength': 20,
        'pattern': '^[^,]*[0-9a-zA-Z][^,]*$',
        'description': 'a string of 1 to 20 characters with a letter or a '
        'digit, and without a comma',
    },
    'description': 'a list of at most 5 different tags',
}

_PACKAGES: common.Schema = {
    'type': 'array',
    'uniqueItems': True,
    'items': {
        'type': 'string',
        'minLength': 1,
        'maxLength': 255,
        'pattern': '^[^,]*[0-9a-zA-Z][^,]*$',
        'description': 'a string of 1 to 255 characters with a letter or a '
        'digit, and without a comma',
    },
    'description': 'a list of different packages',
}

_CHANGES: dict[str, common.Schema] = {
    'name': _NAME,
    'datastore_manager': _NAME,
    'image': common.UUID,
    'image_tags': _TAGS,
    'packages': _PACKAGES,
    'active': common.BOOLEAN,
    'default': common.BOOLEAN,
    'registry_ext': _NAME,
    'repl_strategy': _NAME,
}

CREATE = validation.Body(
    common.wrapped(
        'version',
        common.closed(
            {**_CHANGES, 'datastore_name': _NAME, 'version': _NAME},
            ('name', 'datastore_name', 'datastore_manager', 'active'),
            'an object with the keys "name", "datastore_name", '
            '"datastore_manager" and "active"',
        ),
    )
)

#: Without a key around it, as released clients send it.
EDIT = validation.Body(common.closed(_CHANGES))
