# SPDX-License-Identifier: Apache-2.0
"""What only released guest agents need of a task manager.

A released task manager always sends the basic configuration of the database
server and the mount point of its data. Released guest agents fail without
them, and overwrite the former configuration; a guest agent of this tree writes
it itself. These are minimal configurations, with the socket and the include
directory that those agents use, and as much memory as release 26.0 gives.
"""

from __future__ import annotations

import dataclasses
import string
import zlib

from trove.common import exception

#: The guest agent writes the customer's parameters to the include directory.
_MYSQL = """\
[client]
socket = /var/run/mysqld/mysqld.sock

[mysqld]
user = mysql
port = 3306
pid-file = /var/run/mysqld/mysqld.pid
socket = /var/run/mysqld/mysqld.sock
skip-external-locking = 1
max_allowed_packet = 1024K
max_connections = $connections
innodb_buffer_pool_size = ${pool}M
server_id = $server_id

!includedir /etc/mysql/conf.d/
"""
#: Their backups wait for a file in the archive. What is included overrides.
_POSTGRESQL = """\
listen_addresses = '*'
port = 5432
shared_buffers = ${buffers}MB
wal_level = replica
wal_log_hints = on
archive_mode = on
archive_command = 'test ! -f $archive/%f && cp %p $archive/%f.tmp \
&& mv $archive/%f.tmp $archive/%f'
restore_command = 'cp $archive/%f "%p"'
include_dir = '/etc/postgresql/conf.d'
"""
_ARCHIVE = '/var/lib/postgresql/data/wal_archive'


@dataclasses.dataclass(frozen=True)
class Needs:
    """What the guest agents of a datastore manager need.

    :param mount_point: of its data, also without a volume
    """

    template: str
    mount_point: str

    def config(self, instance_id: str, memory: int) -> str:
        """Return the content of the configuration file of the server.

        :param memory: in MiB
        """
        return string.Template(self.template).substitute(
            archive=_ARCHIVE,
            buffers=max(memory // (4 if memory >= 3072 else 10), 16),
            connections=max(memory * 100 // 512, 10),
            pool=max(memory * 150 // 512, 16),
            # Two servers of a replication never have the same one.
            server_id=zlib.crc32(instance_id.encode()) or 1,
        )


_NEEDS = {
    **dict.fromkeys(
        ('mysql', 'mariadb', 'percona'), Needs(_MYSQL, '/var/lib/mysql')
    ),
    'postgresql': Needs(_POSTGRESQL, '/var/lib/postgresql'),
}


class Unknown(exception.TroveError):
    """A released guest agent with an unknown datastore manager."""

    message = (
        'its guest agent is of a released Trove, and this task manager does '
        'not support those with the datastore manager "%(manager)s"'
    )


def needs(manager: str) -> Needs:
    """Return the arguments for a released guest agent.

    :param manager: its datastore manager, such as ``mysql``
    :raises Unknown: of the datastore manager nothing is known
    """
    found = _NEEDS.get(manager)
    if found is None:
        raise Unknown(manager=manager)
    return found
