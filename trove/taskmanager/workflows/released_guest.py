# SPDX-License-Identifier: Apache-2.0
"""What the guest agent of a released Trove needs to prepare a database.

Released task managers make the basic configuration of the database and name
the place of its data, always; their guest agents fail without either. One of
this tree makes the configuration itself. What is here is the least with which
a server starts where those agents look for it: the socket and the directory of
further files are theirs.
"""

from __future__ import annotations

import dataclasses

from trove.common import exception

#: In its directory the agent writes the customer's parameters.
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
    """What ``prepare`` has to say.

    :param config: the basic configuration of the database
    :param mount_point: where its data go, with a volume or without
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
    """It is not known here what such a guest needs."""

    message = (
        'its guest agent is of a released Trove, and what those need for the '
        'datastore manager "%(manager)s" is not known here'
    )


def needs(manager: str) -> Needs:
    """Return what a released guest with this datastore manager needs.

    :raises Unknown: that is not known
    """
    found = _NEEDS.get(manager)
    if found is None:
        raise Unknown(manager=manager)
    return found
