# SPDX-License-Identifier: Apache-2.0
"""A server that only the agent can reach, by a socket and as its user.

The password of its superuser is not known yet: it is another agent's.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib
import pwd
import shutil
import tempfile
from typing import Final

from psycopg import sql

from trove.guestagent.datastores import server as endpoints
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import connection as connections
from trove.guestagent.datastores.postgresql import server as servers

#: As the superuser, and only for who is the user of the agent.
_HBA: Final = f'local all {servers.SUPERUSER} peer map=agent\n'


@contextlib.contextmanager
def session(
    cluster: clusters.Cluster,
    action: str,
    timeout: float,
    **settings: str,
) -> Iterator[connections.Connection]:
    """Start the server, and connect to it; it must be stopped afterwards.

    :param action: for the errors
    :param timeout: seconds until it is the primary of its data
    :param settings: that override all others
    :raises trove.common.exception.DatastoreError: it does not start
    """
    server = cluster.server()
    with place(cluster) as directory:
        server.start(
            timeout,
            # Not before it is promoted.
            ('ready',),
            hba_file=f'{directory}/hba',
            ident_file=f'{directory}/ident',
            listen_addresses='',
            unix_socket_directories=f'{directory}',
            **settings,
        )
        local = connections.Connector(
            endpoints.Endpoint(f'{directory}', server.endpoint.port),
            lambda: [''],
        )
        with local.open(action) as connection:
            yield connection


def set_password(connection: connections.Connection, password: str) -> None:
    """Give the superuser a password."""
    verifier = connections.encrypt(connection, servers.SUPERUSER, password)
    connection.execute(
        sql.SQL('ALTER ROLE {} LOGIN PASSWORD {}').format(
            sql.Identifier(servers.SUPERUSER), sql.Literal(verifier)
        )
    )


@contextlib.contextmanager
def place(
    cluster: clusters.Cluster, user: str | None = None
) -> Iterator[pathlib.Path]:
    """Make a directory for a socket, whose path must be short.

    :param user: of the operating system, who is the superuser there; that of
        the agent if None
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix='trove-'))
    if user is None:
        user = pwd.getpwuid(os.geteuid()).pw_name
    try:
        hba, ident = directory / 'hba', directory / 'ident'
        hba.write_text(_HBA)
        ident.write_text(f'agent "{user}" {servers.SUPERUSER}\n')
        if cluster.account is not None:
            for path in directory, hba, ident:
                cluster.account.own(path)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
