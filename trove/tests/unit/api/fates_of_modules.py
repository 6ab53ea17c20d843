# SPDX-License-Identifier: Apache-2.0
"""What becomes of the keys of the bodies about modules."""

from __future__ import annotations

import sqlalchemy as sa

from trove.common import context as trove_context
from trove.db import models
from trove.db import session
from trove.objects import module as modules
from trove.tests.unit.api import fates

Applied = fates.Applied
Refused = fates.Refused
GROUP = fates.GROUP

#: Base64, and its MD5.
_CONTENTS = 'bWVzc2FnZT1oZWxsbw=='
_MD5 = '0a5e1d5bd9ee9fbb2ea7d6a0ff5fdbb2'
_M = '/{project_id}/modules'
_MM = _M + '/{module_id}'


def give(test):
    """Give the module its contents, and have no instance have it."""
    test.config(module_aes_cbc_key='secret')
    with session.writer() as db:
        db.execute(sa.delete(models.InstanceModule))
    everything = trove_context.make_admin_context()
    modules.update(test.conf, everything, GROUP, {}, _CONTENTS)


def _module(**changes: object) -> dict[str, object]:
    return {'module': changes}


def new(name: str, **changes: object) -> dict[str, object]:
    return _module(
        name=name, module_type='ping', contents=_CONTENTS, **changes
    )


def _reapply(**changes: object) -> dict[str, object]:
    return {'reapply': changes}


def _both(make):
    """What becomes of keys in a request that makes or changes one.

    :param make: returns a body, of a name and more keys
    """
    return {
        'description': Applied(make('a', description='mine'), '"mine"'),
        'datastore.type': Applied(
            make('b', datastore={'type': 'postgresql'}),
            '"datastore": "postgresql"',
        ),
        'datastore.version': Applied(
            make('c', datastore={'type': 'postgresql', 'version': '18'}),
            '"datastore_version": "18"',
        ),
        **{
            key: Applied(make(key, **{key: 1}), text)
            for key, text in (
                ('all_tenants', '"tenant": "all"'),
                ('auto_apply', '"auto_apply": true'),
                ('live_update', '"live_update": true'),
                ('priority_apply', '"priority_apply": true'),
            )
        },
        'visible': Applied(make('d', visible=0), '"visible": false'),
        'apply_order': Applied(make('e', apply_order=2), '"apply_order": 2'),
        'full_access': Applied(make('f', full_access=0), '"is_admin": true'),
    }


#: In the body of a new instance.
NEW = {
    'modules[].id': Applied(
        fates.order(modules=[{'id': GROUP}]), _CONTENTS
    )
}

FATES = {
    ('POST', _M): fates.under(
        'module',
        {
            'name': Applied(new('g'), '"name": "g"'),
            'module_type': Refused(
                _module(name='h', module_type='x', contents='a'), 404, 'ping'
            ),
            'contents': Refused(
                _module(name='h', module_type='ping', contents='a'),
                400,
                'base64',
            ),
            **_both(new),
        },
    ),
    ('PUT', _MM): fates.under(
        'module',
        {
            'name': Applied(_module(name='i'), '"name": "i"'),
            'type': Refused(_module(type='x'), 404, 'ping'),
            'module_type': Refused(_module(module_type='x'), 404, 'ping'),
            'contents': Refused(_module(contents='a'), 400, 'base64'),
            'all_datastores': Applied(
                _module(all_datastores=1), '"datastore": "all"'
            ),
            'all_datastore_versions': Applied(
                _module(all_datastore_versions=1), '"datastore_version": "all"'
            ),
            **_both(lambda name, **changes: _module(**changes)),
        },
    ),
    ('PUT', _MM + '/instances'): fates.under(
        'reapply',
        {
            'md5': Applied(_reapply(md5=_MD5), _MD5),
            'include_clustered': Applied(
                _reapply(include_clustered=1), '"include_clustered": true'
            ),
            'batch_size': Applied(_reapply(batch_size=7), '"batch_size": 7'),
            'batch_delay': Applied(
                _reapply(batch_delay=9), '"batch_delay": 9'
            ),
            'force': Applied(_reapply(force=1), '"force": true'),
        },
    ),
    ('POST', '/{project_id}/instances/{instance_id}/modules'): {
        'modules[].id': Applied({'modules': [{'id': GROUP}]}, _CONTENTS)
    },
}
