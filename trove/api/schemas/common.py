# SPDX-License-Identifier: Apache-2.0
"""Parts that several bodies have in common."""

from __future__ import annotations

from trove.api import validation

Schema = validation.Schema

TEXT: Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 255,
    'description': 'a string of 1 to 255 characters',
}

NAME: Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 255,
    'pattern': r'\S',
    'description': 'a string of 1 to 255 characters that is not blank',
}

#: How long a name of a database or user may be is for its datastore to say.
IDENTIFIER: Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 255,
    'description': 'a name of at least 1 character',
}

PASSWORD: Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 255,
    'description': 'a string of 1 to 255 characters',
}

HOST: Schema = {
    'type': ['string', 'null'],
    'minLength': 1,
    'maxLength': 255,
    'pattern': r'^[\w.:%-]+$',
    'description': 'an IP address or a host name, with % for "any" and '
    'without a netmask',
}

UUID: Schema = {
    'type': 'string',
    'pattern': '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
    'description': 'a UUID',
}

FLAVOR: Schema = {
    'type': ['string', 'integer'],
    'minLength': 1,
    'maxLength': 255,
    'description': 'the ID of a flavor',
}

SIZE: Schema = {
    'type': ['integer', 'string'],
    'minimum': 1,
    'maxLength': 12,
    'pattern': '^0*[1-9][0-9]*$',
    'description': 'an integer number of GiB, 1 or more',
}

BOOLEAN: Schema = {'type': 'boolean', 'description': 'true or false'}


def closed(
    properties: dict[str, Schema],
    required: tuple[str, ...] = (),
    description: str = 'an object',
) -> Schema:
    """Return the schema of an object that has no other keys."""
    return {
        'type': 'object',
        'additionalProperties': False,
        'properties': properties,
        'required': list(required),
        'description': description,
    }


def wrapped(key: str, schema: Schema) -> Schema:
    """Return the schema of a body with a single top key."""
    return closed({key: schema}, (key,), f'an object with the key "{key}"')


def many(items: Schema, what: str) -> Schema:
    """Return the schema of a list of at least one."""
    return {
        'type': 'array',
        'minItems': 1,
        'items': items,
        'description': f'a list of at least one {what}',
    }
