# SPDX-License-Identifier: Apache-2.0
"""What becomes of the keys of the bodies of /mgmt/datastore-versions."""

from __future__ import annotations

import uuid

from trove.tests.unit.api import fates

IMAGE = str(uuid.uuid4())
OTHER = str(uuid.uuid4())

_MV = '/{project_id}/mgmt/datastore-versions'


def version(key, value):
    """A new version; its name is that of the key that is tried."""
    return {
        'version': {
            'name': key,
            'datastore_name': 'postgresql',
            'datastore_manager': 'postgresql',
            'image': IMAGE,
            'active': True,
            key: value,
        }
    }


_VERSION: tuple[tuple[str, str, object, str], ...] = (
    ('name', 'name', 'other', '"name": "other"'),
    ('datastore_manager', 'datastore_manager', 'mysql', '"mysql"'),
    ('image', 'image', OTHER, OTHER),
    ('image_tags[]', 'image_tags', ['tag'], '"tag"'),
    ('packages[]', 'packages', ['jq'], '"jq"'),
    ('active', 'active', False, '"active": false'),
    ('registry_ext', 'registry_ext', 'x:Ext', '"x:Ext"'),
    ('repl_strategy', 'repl_strategy', 'x.Repl', '"x.Repl"'),
)

FATES = {
    ('POST', _MV): fates.under(
        'version',
        {
            'datastore_name': fates.Applied(
                version('datastore_name', 'oracle'), '"oracle"'
            ),
            'version': fates.Applied(version('version', '18.7'), '"18.7"'),
            'default': fates.Applied(
                version('default', True), '"name": "default", "version"'
            ),
            **{
                path: fates.Applied(version(key, value), text)
                for path, key, value, text in _VERSION
            },
        },
    ),
    ('PATCH', _MV + '/{version}'): {
        'default': fates.Refused({'default': 'yes'}, 400, 'default'),
        **{
            path: fates.Applied({key: value}, text)
            for path, key, value, text in _VERSION
        },
    },
}
