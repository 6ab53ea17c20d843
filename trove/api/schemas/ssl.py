# SPDX-License-Identifier: Apache-2.0
"""Bodies of /instances/{id}/ssl."""

from __future__ import annotations

from trove.api import validation
from trove.api.schemas import common

_FLAG: common.Schema = {'type': 'boolean', 'description': 'true or false'}
_REFERENCE: common.Schema = {
    'type': 'string',
    'minLength': 1,
    'maxLength': 1024,
    'description': 'the reference of a secret',
}

ACT = validation.Body(
    common.closed(
        {
            'ssl': {
                **common.closed(
                    {
                        'enable': _FLAG,
                        'disable': _FLAG,
                        'rollback': _FLAG,
                        'mode': {
                            'enum': ['basic', 'enforced', 'mtls'],
                            'description': 'basic, enforced or mtls',
                        },
                        'container_ref': _REFERENCE,
                        'password_ref': _REFERENCE,
                    },
                    (),
                    'an object',
                ),
                'if': {
                    'properties': {'enable': {'const': True}},
                    'required': ['enable'],
                },
                'then': {'required': ['container_ref']},
            }
        },
        ('ssl',),
        'an object with the key "ssl"',
    )
)
