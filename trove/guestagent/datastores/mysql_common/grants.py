# SPDX-License-Identifier: Apache-2.0
"""Who may use which database of a MySQL server.

The server grants patterns of names: ours are for one database each, those of
others, a customer's or a former release's, may lack the escapes. Patterns for
several databases are the customer's own: they are neither shown nor changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from oslo_log import log as logging

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import checks
from trove.guestagent.datastores.mysql_common import connection as connections

LOG = logging.getLogger(__name__)

#: Name and host.
Account = tuple[str, str]
Connection = connections.Connection


def require(
    connection: Connection, rules: datastores.Rules, names: Iterable[str]
) -> None:
    """Return when there are databases of all these names.

    :raises trove.common.exception.DatabaseNotFound: one is missing, or is
        the system's
    """
    wanted = list(dict.fromkeys(names))
    checks.check_granted(rules, wanted)
    if not wanted:
        return
    rows = connection.execute(
        'SELECT SCHEMA_NAME FROM information_schema.SCHEMATA '
        'WHERE SCHEMA_NAME IN %s',
        [wanted],
    )
    there = {str(name) for (name,) in rows}
    for name in wanted:
        if name not in there:
            raise exception.DatabaseNotFound(name=name)


def grant(
    connection: Connection, account: Account, names: Sequence[str]
) -> None:
    """Let a user do everything in databases."""
    for name in names:
        target = connections.identifier(connections.pattern(name))
        connection.execute(
            f'GRANT ALL PRIVILEGES ON {target}.* TO %s@%s', account
        )
        LOG.info('Granted user %s@%s database %s', *account, name)


def revoke(connection: Connection, account: Account, name: str) -> None:
    """End a user's access, and the user's open sessions."""
    _revoke(connection, account, name)
    connection.end_sessions(account[0], name)
    LOG.info('Revoked database %s from user %s@%s', name, *account)


def revoke_all(connection: Connection, name: str) -> None:
    """End the access of all users."""
    rows = connection.execute(
        'SELECT DISTINCT User, Host FROM mysql.db WHERE Db IN %s',
        [_patterns(name)],
    )
    for user, host in rows:
        _revoke(connection, (user, host), name)


def _revoke(connection: Connection, account: Account, name: str) -> None:
    for pattern in _patterns(name):
        target = connections.identifier(pattern)
        for what in ('ALL PRIVILEGES', 'GRANT OPTION'):
            connection.try_to(
                connections.NO_SUCH_GRANT,
                f'REVOKE {what} ON {target}.* FROM %s@%s',
                account,
            )


def _patterns(name: str) -> list[str]:
    """The patterns for one database: as we write it, and as others do."""
    return list(dict.fromkeys((connections.pattern(name), name)))


def databases_of(
    connection: Connection, accounts: Sequence[Account]
) -> dict[Account, list[str]]:
    """Return the patterns that users are granted, by user."""
    found: dict[Account, list[str]] = {account: [] for account in accounts}
    if accounts:
        rows = connection.execute(
            'SELECT User, Host, Db FROM mysql.db WHERE (User, Host) IN %s',
            [list(accounts)],
        )
        for user, host, pattern in rows:
            found[str(user), str(host)].append(str(pattern))
    return found


def match(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return those names that a pattern is for, and for no other name."""
    there = set(patterns)
    return [name for name in names if there.intersection(_patterns(name))]
