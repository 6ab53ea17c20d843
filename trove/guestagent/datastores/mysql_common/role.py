# SPDX-License-Identifier: Apache-2.0
"""The role of a MySQL server, kept in the directory of the agent.

It decides what the server is started as, whatever its data directory says. A
mark there tells the agent of a rebuilt server, which has lost the other.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any
from typing import Final

from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files

PRIMARY: Final = 'primary'
REPLICA: Final = 'replica'

#: In the data directory of a replica.
MARK: Final = 'trove-replica'


@dataclasses.dataclass(frozen=True)
class State:
    """What is kept.

    :param host: of the primary that is followed; None: nobody
    :param former: of the primary that was followed last
    :param user: that replicas connect with; None: not known here
    """

    role: str = PRIMARY
    host: str | None = None
    port: int | None = None
    former: str | None = None
    user: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)


class Role:
    """Keeps the role of a server.

    :param path: of its file
    :param data_dir: of the server
    :param witness: a file that a server has there that follows another
    """

    def __init__(
        self,
        path: pathlib.Path,
        data_dir: pathlib.Path,
        witness: str | None = None,
    ) -> None:
        self._path = path
        self._mark = data_dir / MARK
        self._witnesses = [self._mark]
        if witness is not None:
            self._witnesses.append(data_dir / witness)
        values = files.read_json(path)
        names = {field.name for field in dataclasses.fields(State)}
        self.state = State(**{k: v for k, v in values.items() if k in names})

    def change(self, **values: Any) -> None:
        """Change what is kept; the server is not told."""
        state = dataclasses.replace(self.state, **values)
        if state != self.state:
            files.write_json(self._path, dataclasses.asdict(state))
            self.state = state

    @property
    def is_primary(self) -> bool:
        if not self._path.exists() and any(
            path.exists() for path in self._witnesses
        ):
            # The server of the instance was rebuilt; its data are a replica's.
            self.change(role=REPLICA)
        return self.state.role == PRIMARY

    def mark(self, reader: accounts.Account | None) -> None:
        """Have the data directory say the same.

        :param reader: the user that runs the server
        """
        if self.is_primary:
            self._mark.unlink(missing_ok=True)
        elif not self._mark.exists():
            files.write(self._mark, '', reader)
