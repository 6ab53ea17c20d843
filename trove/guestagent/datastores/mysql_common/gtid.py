# SPDX-License-Identifier: Apache-2.0
"""What differs between MySQL and MariaDB in replication."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any
from typing import ClassVar
from typing import Final

from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import role as roles
from trove.guestagent.datastores.mysql_common import upstream

Connection = connections.Connection


@dataclasses.dataclass(frozen=True)
class Status:
    """How a replica follows.

    :param received: the position up to which it has received transactions
    :param error: why it does not follow; empty when it does, or may soon
    :param differs: the primary has not what comes after its position
    :param lag: seconds that it is behind; None: unknown
    """

    follows: bool
    received: str
    error: str
    differs: bool = False
    lag: float | None = None


#: The primary cannot send what is asked for.
_CANNOT_SEND: Final = 1236


class Dialect(abc.ABC):
    """The statements of one of them; positions are texts of GTIDs."""

    #: Variables that keep all users from writing, the first one last.
    read_only: ClassVar[tuple[str, ...]]
    #: A file in the data directory of a server that follows another.
    witness: ClassVar[str | None] = None
    #: The query of a server's position, which any user may ask for.
    position: ClassVar[str]
    #: What tells, of the status of a replica, what it has received.
    received: ClassVar[str]

    @property
    @abc.abstractmethod
    def replica(self) -> str:
        """What the server calls a replica."""

    @property
    @abc.abstractmethod
    def primary(self) -> str:
        """What the server calls a primary."""

    @property
    def stop_receiving(self) -> str:
        return f'{self.stop} IO_THREAD'

    @property
    def stop(self) -> str:
        """The statement to stop following."""
        return f'STOP {self.replica.upper()}'

    @property
    def forget(self) -> str:
        """The statement to forget whom to follow."""
        return f'RESET {self.replica.upper()} ALL'

    @property
    def start(self) -> str:
        """The statement to begin to follow."""
        return f'START {self.replica.upper()}'

    @abc.abstractmethod
    def follow(self, connection: Connection, state: roles.State) -> None:
        """Say whom to follow, from the own position on."""

    @abc.abstractmethod
    def set_position(self, connection: Connection, position: str) -> None:
        """Say up to which position the restored data are."""

    def inherited(self, connection: Connection) -> str:
        """Return the position of another server, whose data these are.

        Empty if they know it, as with :meth:`set_position`.
        """
        return ''

    def status(self, connection: Connection) -> Status | None:
        """Return how it follows; None when it is to follow nobody."""
        row = connection.row(f'SHOW {self.replica.upper()} STATUS')
        return self._status(row) if row is not None else None

    @abc.abstractmethod
    def has(self, connection: Connection, position: str) -> bool:
        """Whether all transactions up to a position are applied."""

    @abc.abstractmethod
    def errant(self, connection: Connection, own: str, primary: str) -> str:
        """Return the transactions that only a replica has.

        :param own: its position
        :param primary: that of the server that it is to follow
        """

    @abc.abstractmethod
    def count(self, position: str) -> int:
        """Return how many transactions lead to a position."""

    def _status(self, row: dict[str, Any]) -> Status:
        names = [f'{self.replica}_{name}_Running' for name in ('IO', 'SQL')]
        threads = [row[name] for name in names]
        errors = [row[f'Last_{name}_Error'] for name in ('IO', 'SQL')]
        state = str(row[f'{self.replica}_IO_State'])
        return Status(
            # Before, its primary may refuse yet what it asks for.
            threads == ['Yes', 'Yes']
            and state.startswith(('Waiting for', 'Queueing')),
            upstream.plain(row[self.received]),
            '; '.join(
                str(error)
                for thread, error in zip(threads, errors, strict=True)
                if error and thread != 'Yes'
            ),
            row['Last_IO_Errno'] == _CANNOT_SEND,
            row[f'Seconds_Behind_{self.primary}'],
        )
