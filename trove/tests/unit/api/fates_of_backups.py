# SPDX-License-Identifier: Apache-2.0
"""What becomes of the keys of the bodies about backups."""

from __future__ import annotations

from trove.tests.unit.api import fates

Applied = fates.Applied
Refused = fates.Refused
GROUP = fates.GROUP
_under = fates.under

_REMOTE = {
    'remote_location': 'https://other/v1/AUTH_a/b/c',
    'local_datastore_version_id': GROUP,
    'size': 1,
}


def backup(**changes):
    # The id of the instance takes the place of the word.
    return {'backup': {'name': 'b', 'instance': 'INSTANCE', **changes}}


#: Of the body of a new instance.
RESTORE_POINT = {
    'restorePoint.instance': Refused(
        fates.order(restorePoint={'instance': GROUP}), 400, 'and no'
    ),
    'restorePoint.time': Refused(
        fates.order(restorePoint={'backupRef': GROUP, 'time': 'now'}),
        400,
        'restorePoint.time',
    ),
}

FATES = {
    ('POST', '/{project_id}/backups'): _under(
        'backup',
        {
            'name': Applied(backup(name='mine'), '"name": "mine"'),
            'description': Applied(backup(description='big'), 'big'),
            'instance': Applied(backup(), 'BACKUP'),
            'parent_id': Refused(
                backup(parent_id=GROUP), 400, 'another instance'
            ),
            'incremental': Applied(
                backup(incremental=1), '"backup_type": "full"'
            ),
            'storage_driver': Applied(
                backup(storage_driver='local'), '"storage_driver": "local"'
            ),
            'swift_container': Applied(
                backup(swift_container='mine'), '"swift_container": "mine"'
            ),
            **{
                f'restore_from.{key}': Refused(
                    backup(restore_from=_REMOTE), 400, 'restore_from'
                )
                for key in _REMOTE
            },
        },
    ),
    ('POST', '/{project_id}/backups/{backup_id}/action'): {
        'verify': Refused({'verify': {}}, 409, 'COMPLETED'),
    },
    ('POST', '/{project_id}/backup_strategies'): _under(
        'backup_strategy',
        {
            'instance_id': Applied(
                {
                    'backup_strategy': {
                        'instance_id': GROUP,
                        'swift_container': 'mine',
                    }
                },
                f'"instance_id": "{GROUP}"',
            ),
            'swift_container': Applied(
                {'backup_strategy': {'swift_container': 'mine'}}, 'mine'
            ),
            **{
                f'schedule.{key}': Refused(
                    {
                        'backup_strategy': {
                            'swift_container': 'mine',
                            'schedule': {'interval': 1, key: 2},
                        }
                    },
                    400,
                    'schedule',
                )
                for key in (
                    *('interval', 'full_every', 'keep', 'keep_days'),
                    'verify',
                )
            },
            'log_archive': Refused(
                {
                    'backup_strategy': {
                        'swift_container': 'mine',
                        'log_archive': True,
                    }
                },
                400,
                'log_archive',
            ),
        },
    ),
}
