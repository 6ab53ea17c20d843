# SPDX-License-Identifier: Apache-2.0
"""A value for every argument that any release has, by its name."""

from __future__ import annotations

from typing import Any

_USER = {
    '_name': 'zoë',
    '_host': '%',
    '_password': 'pass☃word "quoted"',
    '_databases': [{'_name': 'books', '_character_set': None}],
}
_DATABASE = {'_name': 'bücher', '_character_set': 'utf8', '_collate': None}
_FLAVOR = {'id': '7', 'name': 'm1.small', 'ram': 2048, 'vcpus': 2, 'disk': 0}

#: Of every type that JSON has, with text beyond ASCII; never a default.
VALUES: dict[str, Any] = {
    'access': {'is_public': True, 'allowed_cidrs': ['10.0.0.0/8']},
    'backup_fields': {'size': 0.5, 'state': 'COMPLETED'},
    'backup_id': 'backup-1',
    'backup_info': {'id': 'backup-1', 'location': 'swift://b', 'parent': {}},
    'batch_delay': 5,
    'batch_size': 2,
    'configuration': {'config_contents': '[mysqld]\nkey = välue\n'},
    'container': 'sécrets',
    'databases': [_DATABASE],
    'device_path': '/dev/vdc',
    'disable': False,
    'do_not_start_on_reboot': True,
    'enable': True,
    'exception': ['Traceback:', '  ValueError: ß'],
    'flavor': {'__object__': _FLAVOR},
    'for_failover': True,
    'force': True,
    'image_id': 'image-1',
    'include_clustered': True,
    'include_contents': True,
    'include_marker': True,
    'limit': 3,
    'memory_mb': 2048,
    'mode': 'require',
    'modules': [{'id': 'module-1', 'md5': 'x'}],
    'new_flavor': {'__object__': _FLAVOR},
    'new_instance_ids': ['i-1', 'i-2'],
    'new_size': 20,
    'nics': [{'net-id': 'net-1'}],
    'notification_args': {'server': 'one', 'count': 1},
    'old_flavor': {'__object__': _FLAVOR},
    'online': True,
    'overrides': {'max_connections': 10, 'nested': {'a': [1, None]}},
    'packages': 'mysql-server libs',
    'payload': {'service_status': 'running', 'rpc_version': '1.5'},
    'read_only': True,
    'recorded': True,
    'remove': True,
    'replica_config': {'user': 'replica'},
    'replica_info': {'host': '10.0.0.1', 'port': 3306},
    'replica_source_config': {'log_bin': True},
    'restart': True,
    'sent': 1790000000.25,
    'serialized_notification': {
        'notification_classname':
            'trove.common.notification.DBaaSInstanceRestart',
        'request_id': 'req-interop',
        'tenant_id': 'a-project',
        'client_ip': '127.0.0.1',
        'server_ip': '127.0.0.1',
        'server_type': 'guest',
    },
    'slave_config': {'read_only': 1},
    'snapshot': {'master': {'id': 'i-0'}, 'dataset': {}},
    'snapshot_info': {'id': 'snapshot-1'},
    'store': {'driver': 'local', 'directory': '/backups'},
    'user': _USER,
    'user_attrs': {'name': 'zoë', 'host': None, 'password': 'ñ'},
    'users': [_USER],
    'volume_size': 5,
    'write_to_fstab': True,
}


def value(name: str) -> Any:
    """A value for an argument; text with its name where none is listed."""
    return VALUES.get(name, f'{name}-välue')
