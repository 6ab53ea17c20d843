# SPDX-License-Identifier: Apache-2.0
"""The customer's own administrator of a MySQL server."""

from __future__ import annotations

from collections.abc import Callable

from oslo_log import log as logging

from trove.common import datastores
from trove.guestagent.datastores import base
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores.mysql_common import connection as connections

LOG = logging.getLogger(__name__)

#: The name, for every datastore the same.
NAME = 'root'
_ACCOUNT = (NAME, datastores.ANY_HOST)


class Root:
    """Enabling and disabling the user ``root``, who comes from anywhere.

    :param identified: makes the clause of a password, which is not in it
    :param rules: which passwords may be
    :param password_length: characters of a generated password
    :param withheld: a privilege that it does not get
    """

    def __init__(
        self,
        connector: connections.Connector,
        identified: Callable[[str], str],
        rules: datastores.Rules,
        password_length: int,
        withheld: str | None = None,
    ) -> None:
        self._connector = connector
        self._identified = identified
        self._rules = rules
        self._password_length = password_length
        self._withheld = withheld

    def enable(self, password: str | None = None) -> base.User:
        """Make root an administrator with this or a generated password."""
        password = password or passwords.generate(self._password_length)
        self._rules.check_password(password)
        clause = self._identified(password)
        with self._connector.open('enable root') as connection:
            connection.execute(
                f'CREATE USER IF NOT EXISTS %s@%s {clause}', _ACCOUNT
            )
            connection.execute(f'ALTER USER %s@%s {clause}', _ACCOUNT)
            connection.execute(
                'GRANT ALL PRIVILEGES ON *.* TO %s@%s WITH GRANT OPTION',
                _ACCOUNT,
            )
            if self._withheld:
                connection.execute(
                    f'REVOKE {self._withheld} ON *.* FROM %s@%s', _ACCOUNT
                )
        LOG.info('Enabled root')
        return {
            '_name': NAME,
            '_host': datastores.ANY_HOST,
            '_password': password,
            '_databases': [],
        }

    def disable(self) -> None:
        """Delete root, wherever from, and end its sessions."""
        with self._connector.open('disable root') as connection:
            for account in _accounts(connection):
                connection.execute('DROP USER IF EXISTS %s@%s', account)
            connection.end_sessions(NAME)
        LOG.info('Disabled root')

    def is_enabled(self) -> bool:
        with self._connector.open('look for root') as connection:
            return bool(_accounts(connection))


def _accounts(connection: connections.Connection) -> connections.Rows:
    return connection.execute(
        'SELECT User, Host FROM mysql.user WHERE User = %s '
        "AND Host NOT IN ('', 'localhost')",
        [NAME],
    )
