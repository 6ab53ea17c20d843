# SPDX-License-Identifier: Apache-2.0
"""Replication by GTIDs, of MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import logging
import secrets
import threading
import time
from typing import Any
from typing import Final

from trove.common import exception
from trove.common import text
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import replication
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import gtid
from trove.guestagent.datastores.mysql_common import role as roles
from trove.guestagent.datastores.mysql_common import server as servers
from trove.guestagent.datastores.mysql_common import upstream

LOG = logging.getLogger(__name__)

_ACTION: Final = 'follow its primary'
#: How the name of the user for replicas begins, as in released Trove.
_USERS: Final = 'slave_'
#: With that which its version knows, a server follows nobody by itself.
_UNFOLLOWING: Final = 'loose_skip_replica_start', 'loose_skip_slave_start'
#: The longest that MySQL can follow with.
_PASSWORD_LENGTH: Final = 32
#: Seconds until a server follows, and has applied what it received.
_FOLLOW_TIMEOUT: Final = 30
_APPLY_TIMEOUT: Final = 60
#: Seconds for a primary to answer who only looks.
_LOOK_TIMEOUT: Final = 3
#: The shortest time that it is told that a replica was made writable.
_TOLD: Final = 3600


class Replication:
    """Operations of :class:`trove.guestagent.datastores.base.Driver`.

    :param identified: makes the clause of a password, which is not in it
    :param write_config: writes the configuration of the server
    :param start: starts the server, if it does not run
    """

    def __init__(
        self,
        home: homes.Home[servers.Server],
        connector: connections.Connector,
        dialect: gtid.Dialect,
        identified: Callable[[str], str],
        write_config: Callable[[], None],
        start: Callable[[], None],
    ) -> None:
        self._home = home
        self._connector = connector
        self._dialect = dialect
        self._identified = identified
        self._write_config = write_config
        self._start = start
        #: Held while it changes who may write.
        self._changing = threading.Lock()
        #: That it was made writable, as long as that is told.
        self._opened = ''
        self._opened_until = 0.0
        self._role = roles.Role(
            home.state_dir / f'{home.kind.group}-replication.json',
            home.data_dir,
            dialect.witness,
        )

    def settings(self) -> dict[str, Any]:
        """Return the settings for the role, and note it beside the data."""
        self._role.mark(self._home.account)
        if self._role.is_primary:
            # What was restored may follow whomever its backup names.
            return dict.fromkeys(_UNFOLLOWING, True)
        return dict.fromkeys(self._dialect.read_only, True)

    # A primary

    def context(self) -> replication.Context:
        user = self._ensure_user()
        return {
            'master': {
                'host': replication.own_address(self._home.endpoint),
                'port': self._home.endpoint.port,
            },
            'replica_conf': {
                'log_position': {'gtid_pos': self.latest()},
                'replication_user': user,
            },
        }

    def _ensure_user(self) -> replication.ReplicationUser:
        """Have a user for replicas, whose password is known here."""
        state = self._role.state
        name = state.user or f'{_USERS}{secrets.token_hex(4)}'
        password = state.password or passwords.generate(_PASSWORD_LENGTH)
        with self._connector.open('create the replication user') as connection:
            if self._role.is_primary:
                self._role.change(user=name, password=password)
                clause = self._identified(password)
                connection.execute(
                    f"CREATE USER IF NOT EXISTS %s@'%%' {clause}", [name]
                )
                connection.execute(f"ALTER USER %s@'%%' {clause}", [name])
                connection.execute(
                    "GRANT REPLICATION SLAVE ON *.* TO %s@'%%'", [name]
                )
        return {'name': name, 'password': password}

    # A replica

    def begin(
        self, context: replication.Context, position: str | None
    ) -> None:
        """Follow from the position of restored data on.

        :param position: None: that which its primary had in these data
        """
        with self._connector.open(_ACTION) as connection:
            if position is None:
                position = self._dialect.inherited(connection)
            self._dialect.set_position(connection, position)
        self.attach(context)

    def keep(self, context: replication.Context) -> None:
        """Keep whom to follow: from here on it is started read-only."""
        user = context['replica_conf']['replication_user']
        self._role.change(
            role=roles.REPLICA,
            host=context['master']['host'],
            port=context['master']['port'],
            user=user['name'],
            password=user['password'],
        )

    def attach(self, context: replication.Context) -> None:
        with self._changing:
            self.keep(context)
            self._write_config()
            # That of a former primary may have crashed.
            self._start()
            self._set_read_only(True)
            self._opened = ''
        dialect = self._dialect
        primary = upstream.position(self._role.state, dialect.position)
        with self._connector.open(_ACTION) as connection:
            self._leave(connection)
            own = self._position(connection)
            errant = dialect.errant(connection, own, primary)
            if errant:
                raise _differs(
                    f'it has transactions that its primary does not have '
                    f'({errant[:200]})'
                )
            dialect.follow(connection, self._role.state)
            connection.execute(dialect.start)
        self._wait_until_it_follows()

    def _wait_until_it_follows(self) -> None:
        status: gtid.Status | None = None

        def look() -> bool:
            nonlocal status
            with self._connector.open(_ACTION) as connection:
                status = self._dialect.status(connection)
            return status is not None and bool(status.follows or status.error)

        processes.wait_for(look, _FOLLOW_TIMEOUT)
        if status is not None and status.follows:
            return
        if status is not None and status.differs:
            raise _differs(status.error)
        said = status.error if status else ''
        raise exception.DatastoreError(
            action=_ACTION,
            reason=f'{said or "it does not connect"}. Check the network '
            'between the two.',
        )

    def _leave(self, connection: connections.Connection) -> None:
        """Follow nobody."""
        connection.execute(self._dialect.stop)
        connection.execute(self._dialect.forget)

    def detach(self, for_failover: bool) -> dict[str, Any]:
        self._apply_what_was_received()
        state = self._role.state
        with self._connector.open('follow nobody') as connection:
            self._leave(connection)
        self._role.change(
            host=None, port=None, former=_where(state) or state.former
        )
        if not for_failover:
            self.set_read_only(False)
            self._forget_user()
        return {'replica_id': self._home.conf.guest_id}

    def _apply_what_was_received(self) -> None:
        with self._connector.open('stop following') as connection:
            if self._dialect.status(connection) is None:
                return
            connection.execute(self._dialect.stop_receiving)
            status = self._dialect.status(connection)
            received = status.received if status else ''
            if not processes.wait_for(
                lambda: self._dialect.has(connection, received),
                _APPLY_TIMEOUT,
                interval=0.1,
            ):
                said = status.error if status else ''
                raise exception.DatastoreError(
                    action='apply what it has received',
                    reason=f'it is not done in {_APPLY_TIMEOUT} seconds. '
                    f'{said} Repeat the request, or take another replica.',
                )

    def _forget_user(self) -> None:
        """Drop the user that came from the former primary."""
        name = self._role.state.user
        if name is not None:
            with self._connector.open('drop the replication user') as found:
                found.execute("DROP USER IF EXISTS %s@'%%'", [name])
        self._role.change(user=None, password=None)

    def set_read_only(self, read_only: bool) -> None:
        if read_only:
            with self._changing:
                self._role.change(role=roles.REPLICA)
                self._write_config()
                self._set_read_only(True)
            return
        with self._connector.open('become a primary') as connection:
            if self._dialect.status(connection) is not None:
                self._leave(connection)
        with self._changing:
            self._role.change(role=roles.PRIMARY, host=None, port=None)
            self._write_config()
            self._set_read_only(False)
            self._opened = ''

    def _close_again(self) -> None:
        """Make a replica read-only again if somebody made it writable.

        Root of MySQL can; what was written shows as errant transactions.
        """
        names = self._dialect.read_only
        query = ', '.join(f'@@GLOBAL.{name}' for name in names)
        # What changes its role waits, and decides.
        with self._changing:
            if self._role.is_primary:
                return
            with self._connector.open('tell who may write') as connection:
                (values,) = connection.execute(f'SELECT {query}')
            off = [n for n, v in zip(names, values, strict=True) if not v]
            if not off:
                return
            self._set_read_only(True)
            self._opened = f'Somebody had switched off {" and ".join(off)}.'
            self._opened_until = time.monotonic() + _TOLD
        LOG.warning(
            'Somebody had switched off %s of this replica, which is '
            'read-only again. See who is root, and whether it has errant '
            'transactions.',
            ' and '.join(off),
        )

    def _tell_opened(self, errant: str | None) -> str:
        """Return that it was made writable, until that is over.

        :param errant: transactions that only it has; None: not known
        """
        with self._changing:
            if errant == '' and time.monotonic() >= self._opened_until:
                self._opened = ''
            return self._opened

    def _set_read_only(self, value: bool) -> None:
        names = self._dialect.read_only
        with self._connector.open('change who may write') as connection:
            for name in names if value else reversed(names):
                connection.execute(f'SET GLOBAL {name} = %s', [int(value)])

    # How far it is

    def latest(self) -> str:
        with self._connector.open('tell its position') as connection:
            return self._position(connection)

    def _position(self, connection: connections.Connection) -> str:
        return upstream.plain(connection.execute(self._dialect.position)[0][0])

    def has(self, position: str) -> bool:
        with self._connector.open('tell its position') as connection:
            return self._dialect.has(connection, position)

    def last(self) -> tuple[str, int]:
        with self._connector.open('tell its position') as connection:
            status = self._dialect.status(connection)
            found = [self._position(connection)]
        if status is not None:
            found.append(status.received)
        state = self._role.state
        return (
            _where(state) or state.former or '',
            max(map(self._dialect.count, found)),
        )

    def state(self) -> replication.State | None:
        """Tell how it follows, and what its primary does not have."""
        if self._role.is_primary:
            return None
        dialect = self._dialect
        self._close_again()
        with self._connector.open('tell how it follows') as connection:
            status = dialect.status(connection)
            # Before that of its primary, which moves on.
            own = self._position(connection)
            if status is None:
                return replication.State(
                    follows=False, error=self._tell_opened('')
                )
            errant = None
            with contextlib.suppress(exception.DatastoreError):
                state = self._role.state
                primary = upstream.position(
                    state, dialect.position, _LOOK_TIMEOUT
                )
                errant = dialect.errant(connection, own, primary)
        return replication.State(
            follows=status.follows,
            lag=status.lag if status.follows else None,
            errant=errant or '',
            error=' '.join(
                filter(None, (self._tell_opened(errant), status.error))
            ),
        )

    def count(self) -> int:
        return self._dialect.count(self.latest())


def _differs(reason: str) -> exception.DatastoreError:
    """Its data are of another history, which it cannot leave."""
    return exception.DatastoreError(
        action=_ACTION,
        reason=f'{text.cut(reason, 500)}. Delete this replica, and create '
        'another one.',
    )


def _where(state: roles.State) -> str | None:
    return state.host and f'{state.host}:{state.port}'
