# SPDX-License-Identifier: Apache-2.0
"""What a replica asks its primary, as the user for replicas."""

from __future__ import annotations

import ssl
from typing import Final

import pymysql

from trove.common import exception
from trove.guestagent.datastores.mysql_common import role as roles

#: Seconds to connect, and for the answer.
_TIMEOUT: Final = 10


def position(
    state: roles.State, query: str, timeout: int = _TIMEOUT
) -> str:
    """Return the position of the primary.

    :param query: as the dialect has it
    :param timeout: seconds to connect, and for the answer
    :raises trove.common.exception.DatastoreError: it does not answer
    """
    # Its certificate is its own: this keeps others from reading along.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with pymysql.connect(
            host=state.host,
            port=state.port or 0,
            user=state.user,
            password=(state.password or '').encode(),
            connect_timeout=timeout,
            read_timeout=timeout,
            program_name='trove-guestagent',
            ssl=context,
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            row = cursor.fetchone()
    except (pymysql.MySQLError, OSError) as error:
        said = error.args[-1] if error.args else type(error).__name__
        raise exception.DatastoreError(
            action='reach its primary',
            reason=f'{state.host}:{state.port} says: {said}. Check that it '
            'runs and the network between the two.',
        ) from None
    return plain(row[0] if row else '')


def plain(found: object) -> str:
    """Return a position on one line; servers break long ones."""
    return ''.join(str(found or '').split())
