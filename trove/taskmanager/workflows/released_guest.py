# SPDX-License-Identifier: Apache-2.0
"""Arguments of ``prepare`` that only released guest agents need.

A released task manager always sends the basic configuration of the database
server and the mount point of its data. Released guest agents fail without
them; a guest agent of this tree writes the configuration itself. These are
minimal configurations, with the socket and the include directory that those
agents use.
"""

from __future__ import annotations

import dataclasses

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

!includedir /etc/mysql/conf.d/
"""
_POSTGRESQL = """\
listen_addresses = '*'
port = 5432
include_dir = '/etc/postgresql/conf.d'
"""


@dataclasses.dataclass(frozen=True)
class Needs:
    """Arguments of ``prepare``.

    :param config: content of the configuration file of the database server
    :param mount_point: of its data, also without a volume
    """

    config: str
    mount_point: str


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
