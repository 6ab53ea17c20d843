# SPDX-License-Identifier: Apache-2.0
"""The role of a MySQL server, kept in the directory of the agent.

It decides what the server is started as, whatever its data directory says.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any
from typing import Final

from trove.guestagent.datastores import files

PRIMARY: Final = 'primary'
REPLICA: Final = 'replica'


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
    :param witness: a file that a server has that follows another
    """

    def __init__(self, path: pathlib.Path, witness: pathlib.Path) -> None:
        self._path = path
        self._witness = witness
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
        if not self._path.exists() and self._witness.exists():
            # The server of the instance was rebuilt; its data are a replica's.
            self.change(role=REPLICA)
        return self.state.role == PRIMARY
