# SPDX-License-Identifier: Apache-2.0
"""Users of a MySQL server, each known by name and host."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from oslo_log import log as logging

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import base
from trove.guestagent.datastores import checks
from trove.guestagent.datastores import pages
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import databases
from trove.guestagent.datastores.mysql_common import grants

LOG = logging.getLogger(__name__)

Account = grants.Account
Connection = connections.Connection

#: What a page of users is told from the next one by.
_MARKER = connections.binary("CONCAT(User, '@', Host)")
#: Roles of MariaDB have no host. Nobody comes from localhost but the agent.
_LIST = f"""
SELECT User, Host FROM mysql.user
WHERE LOWER(User) NOT IN %s AND User <> '' AND Host NOT IN ('', 'localhost')
  AND NOT User REGEXP %s
  AND (%s IS NULL OR {_MARKER} > %s OR %s AND {_MARKER} = %s)
ORDER BY {_MARKER} LIMIT %s
"""
_DATABASES = f"""
SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME
FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN %s
ORDER BY {connections.binary('SCHEMA_NAME')}
"""
#: Root is one of them; roles of MariaDB have no host.
_CUSTOMERS = """
SELECT User, Host FROM mysql.user
WHERE User <> '' AND Host NOT IN ('', 'localhost')
  AND LEFT(User, 6) <> 'slave_'
"""
_ALL = 2**63 - 1
_PASSWORD_LENGTH = 36


class Users:
    """What may be done with users.

    :param identified: makes the clause of a password, which is not in it
    :param rules: which may be made; reserved ones are not shown
    :param required: returns the clause for how new ones have to connect
    """

    def __init__(
        self,
        connector: connections.Connector,
        identified: Callable[[str], str],
        rules: datastores.Rules,
        required: Callable[[], str],
    ) -> None:
        self._connector = connector
        self._required = required
        self._identified = identified
        self._rules = rules

    def create(self, users: Sequence[base.User]) -> None:
        checks.check_users(self._rules, users)
        with self._connector.open('create a user') as connection:
            grants.require(
                connection,
                self._rules,
                (name for user in users for name in _databases(user)),
            )
            for user in users:
                self._create(connection, user)

    def _create(self, connection: Connection, user: base.User) -> None:
        account = self._account(user['_name'], user.get('_host'))
        password = user.get('_password')
        # A user without a password could be anybody.
        clause = self._identified(
            password or passwords.generate(_PASSWORD_LENGTH)
        )
        if connection.try_to(
            connections.CANNOT_USER,
            f'CREATE USER %s@%s {clause} {self._required()}',
            account,
        ):
            LOG.info('Created user %s@%s', *account)
        else:
            LOG.info('User %s@%s exists already and is kept', *account)
            if password is not None:
                connection.execute(f'ALTER USER %s@%s {clause}', account)
        grants.grant(connection, account, _databases(user))

    def require(self, clause: str) -> None:
        """Change how all users have to connect, but the agent and replicas."""
        with self._connector.open('change who is encrypted') as connection:
            ((read_only,),) = connection.execute('SELECT @@GLOBAL.read_only')
            # A replica has it from its primary.
            for account in [] if read_only else connection.execute(_CUSTOMERS):
                connection.execute(f'ALTER USER %s@%s {clause}', account)

    def delete(self, name: str, host: str | None = None) -> None:
        account = self._account(name, host)
        with self._connector.open('delete a user') as connection:
            connection.execute('DROP USER IF EXISTS %s@%s', account)
            connection.end_sessions(name)
        LOG.info('Deleted user %s@%s', *account)

    def page(
        self, limit: int | None, marker: str | None, include_marker: bool
    ) -> base.UserPage:
        with self._connector.open('list users') as connection:
            rows = connection.execute(
                _LIST,
                [
                    [each.lower() for each in self._rules.users],
                    f'^({"|".join(self._rules.prefixes)})'.replace('.', '[.]'),
                    marker,
                    marker,
                    include_marker,
                    marker,
                    _ALL if limit is None else limit + 1,
                ],
            )
            found, after = pages.cut(rows, limit, '@'.join)
            accounts = [(str(name), str(host)) for name, host in found]
            return self._shapes(connection, accounts), after

    def get(self, name: str, host: str | None = None) -> base.User | None:
        account = self._account(name, host)
        with self._connector.open('look for a user') as connection:
            if not _exists(connection, account):
                return None
            return self._shapes(connection, [account])[0]

    def access(
        self, name: str, host: str | None = None
    ) -> list[base.Database]:
        account = self._account(name, host)
        with self._connector.open('list the access of a user') as connection:
            _require(connection, account)
            return self._shapes(connection, [account])[0]['_databases']

    def update(
        self, name: str, host: str | None, attributes: base.UserAttributes
    ) -> None:
        account = self._account(name, host)
        renamed = (
            attributes.get('name') or account[0],
            attributes.get('host') or account[1],
        )
        if renamed != account:
            self._rules.check_user(renamed[0])
            renamed = renamed[0], self._rules.check_host(*renamed)
        password = attributes.get('password')
        if password is not None:
            self._rules.check_password(password)
        with self._connector.open('change a user') as connection:
            _require(connection, account)
            if renamed != account:
                if not connection.try_to(
                    connections.CANNOT_USER,
                    'RENAME USER %s@%s TO %s@%s',
                    (*account, *renamed),
                ):
                    raise exception.UserExists(name=renamed[0])
                LOG.info('Renamed user %s@%s to %s@%s', *account, *renamed)
            if password is not None:
                connection.execute(
                    f'ALTER USER %s@%s {self._identified(password)}', renamed
                )

    def grant(
        self, name: str, host: str | None, databases: Sequence[str]
    ) -> None:
        account = self._account(name, host)
        with self._connector.open('grant access') as connection:
            _require(connection, account)
            grants.require(connection, self._rules, databases)
            grants.grant(connection, account, databases)

    def revoke(self, name: str, host: str | None, database: str) -> None:
        account = self._account(name, host)
        with self._connector.open('revoke access') as connection:
            _require(connection, account)
            grants.require(connection, self._rules, [database])
            grants.revoke(connection, account, database)

    def _account(self, name: str, host: str | None) -> Account:
        """Return name and host of a user that may be shown and changed.

        :raises trove.common.exception.BadRequest: the user is the system's,
            or cannot be
        """
        self._rules.check_user(name, new=False)
        return name, self._rules.check_host(name, host)

    def _shapes(
        self, connection: Connection, accounts: Sequence[Account]
    ) -> list[base.User]:
        patterns = grants.databases_of(connection, accounts)
        rows = connection.execute(_DATABASES, [list(self._rules.databases)])
        there = {str(row[0]): databases.shape(*row) for row in rows}
        return [
            {
                '_name': account[0],
                '_host': account[1],
                '_password': None,
                '_databases': [
                    there[name]
                    for name in grants.match(patterns[account], there)
                ],
            }
            for account in accounts
        ]


def _databases(user: base.User) -> list[str]:
    return [each['_name'] for each in user.get('_databases') or ()]


def _exists(connection: Connection, account: Account) -> bool:
    return bool(
        connection.execute(
            'SELECT 1 FROM mysql.user WHERE User = %s AND Host = %s', account
        )
    )


def _require(connection: Connection, account: Account) -> None:
    """Return when there is such a user.

    :raises trove.common.exception.UserNotFound: there is none
    """
    if not _exists(connection, account):
        raise exception.UserNotFound(name=account[0])
