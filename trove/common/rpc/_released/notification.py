# SPDX-License-Identifier: Apache-2.0
"""Notification data that released endpoints expect beside the arguments.

Most of their casts are carried out within a *notification*, which the
sender's context must bring along: without one the endpoint fails before it
has done anything, and the sender never learns. It names a class of the
release by which the receiver builds it again; when the work is done or has
failed, a guest tells the conductor by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.common.rpc import _contract
from trove.common.rpc import _interface
from trove.common.rpc._released import words

_MODULE = 'trove.common.notification.DBaaS'

#: Class by interface and method; other methods do without.
CLASSES = {
    ('taskmanager', 'create_backup'): 'BackupCreate',
    ('taskmanager', 'create_cluster'): 'ClusterCreate',
    ('taskmanager', 'create_instance'): 'InstanceCreate',
    ('taskmanager', 'delete_backup'): 'BackupDelete',
    ('taskmanager', 'delete_cluster'): 'ClusterDelete',
    ('taskmanager', 'delete_instance'): 'InstanceDelete',
    ('taskmanager', 'detach_replica'): 'InstanceDetach',
    ('taskmanager', 'eject_replica_source'): 'InstanceEject',
    ('taskmanager', 'grow_cluster'): 'ClusterGrow',
    ('taskmanager', 'migrate'): 'InstanceMigrate',
    ('taskmanager', 'promote_to_replica_source'): 'InstancePromote',
    ('taskmanager', 'reboot'): 'InstanceReboot',
    ('taskmanager', 'resize_flavor'): 'InstanceResizeInstance',
    ('taskmanager', 'resize_volume'): 'InstanceResizeVolume',
    ('taskmanager', 'restart'): 'InstanceRestart',
    ('taskmanager', 'shrink_cluster'): 'ClusterShrink',
    ('taskmanager', 'upgrade'): 'InstanceUpgrade',
    ('guestagent', 'change_passwords'): 'UserChangePassword',
    ('guestagent', 'create_backup'): 'BackupCreate',
    ('guestagent', 'create_database'): 'DatabaseCreate',
    ('guestagent', 'create_user'): 'UserCreate',
    ('guestagent', 'delete_database'): 'DatabaseDelete',
    ('guestagent', 'delete_user'): 'UserDelete',
    ('guestagent', 'prepare'): 'InstanceCreate',
    ('guestagent', 'update_attributes'): 'UserUpdateAttributes',
    # What a guest tells about; it has not kept what it was asked by.
    ('conductor', 'notify_end'): 'InstanceRestart',
    ('conductor', 'notify_exc_info'): 'InstanceRestart',
}

#: Those that not all releases have; they are imported by their names.
LATER_NOTIFICATIONS = (
    words.Word(
        'InstanceReboot', since='train', instead='InstanceRestart'
    ),
)
_LATER = {word.name: word for word in LATER_NOTIFICATIONS}

#: Who is to tell of the end, by the interface: the receiver itself, or the
#: conductor for a guest.
_TELLS = {
    'taskmanager': 'taskmanager',
    'guestagent': 'guest',
    'conductor': 'guest',
}

_ARGUMENT = 'serialized_notification'


def add(
    interface: _interface.Interface,
    revision: _contract.Revision,
    peer: str | None,
    method: str,
    arguments: dict[str, Any],
    context: dict[str, Any],
) -> dict[str, Any]:
    """Add to a message what a released endpoint needs.

    :param revision: the highest that may be sent to the peer
    :param context: as it is going to be sent; changed
    :returns: the arguments, completed where they are a notification
    """
    name = CLASSES.get((interface.name, method))
    if name is None or context.get('trove_notification'):
        return arguments
    if name in _LATER:
        name = _LATER[name].to(interface, revision)
    notification = {
        'notification_classname': _MODULE + name,
        'request_id': context.get('request_id'),
        'tenant_id': context.get('project_id'),
        'client_ip': '',
        'server_ip': '',
        'server_type': _TELLS[interface.name],
        **_concerned(peer, arguments),
        **arguments.get(_ARGUMENT, {}),
    }
    context['trove_notification'] = notification
    if _ARGUMENT in arguments:
        return {**arguments, _ARGUMENT: notification}
    return arguments


def _concerned(
    peer: str | None, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    backup = arguments.get('backup_info')
    found = {
        'instance_id': peer or arguments.get('instance_id'),
        'cluster_id': arguments.get('cluster_id'),
        'backup_id': arguments.get('backup_id')
        or (backup.get('id') if isinstance(backup, dict) else None),
    }
    return {name: value for name, value in found.items() if value is not None}
