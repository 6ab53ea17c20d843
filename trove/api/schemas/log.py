# SPDX-License-Identifier: Apache-2.0
"""Bodies of /instances/{id}/log."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

_FLAG: common.Schema = {
    'enum': [0, 1, True, False, '0', '1', None],
    'description': '0 or 1',
}

ACT = validation.Body(
    common.closed(
        {
            # It becomes part of the names of objects.
            'name': {
                'type': 'string',
                'pattern': r'^[A-Za-z0-9_-]{1,64}\Z',
                'description': 'a name of at most 64 letters, digits, hyphens '
                'and underscores',
            },
            'enable': _FLAG,
            'disable': _FLAG,
            'publish': _FLAG,
            'discard': _FLAG,
        },
        ('name',),
        'an object with the key "name"',
    )
)
