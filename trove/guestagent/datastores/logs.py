# SPDX-License-Identifier: Apache-2.0
"""The logs of a database server: their files, switched on and off, rotated.

Their directories belong to the user that runs the server, who may put
anything there: nothing is followed out of them.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import os
import pathlib
from typing import Any
from typing import BinaryIO
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import files
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import settings as stores

Capability = capability.Capability

#: What the name of the former part of a log ends with.
_FORMER: Final = '.1'


@dataclasses.dataclass(frozen=True)
class Log:
    """A log.

    :param name: what users call it
    :param path: of its file
    :param settings: of the server, which switch it on; None for one that is
        always on, and is for administrators only
    :param masked: whether it is looked through for secrets once more
    """

    name: str
    path: pathlib.Path
    settings: Mapping[str, Any] | None = None
    masked: bool = False

    @property
    def kind(self) -> str:
        return 'SYS' if self.settings is None else 'USER'

    def size(self) -> int:
        """Return the bytes of the part that is written now."""
        try:
            with _directory(self.path) as handle:
                return os.stat(
                    self.path.name, dir_fd=handle, follow_symlinks=False
                ).st_size
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def opened(self) -> Iterator[list[BinaryIO]]:
        """Open the parts that exist, the older first."""
        with contextlib.ExitStack() as stack:
            parts: list[BinaryIO] = []
            try:
                handle = stack.enter_context(_directory(self.path))
            except FileNotFoundError:
                yield parts
                return
            for name in (self.path.name + _FORMER, self.path.name):
                with contextlib.suppress(FileNotFoundError):
                    parts.append(
                        stack.enter_context(files.open_foreign(name, handle))
                    )
            yield parts

    def rotate(self) -> None:
        """Let it begin anew; who writes it has to open it again."""
        name = self.path.name
        with _directory(self.path) as handle:
            os.replace(
                name, name + _FORMER, src_dir_fd=handle, dst_dir_fd=handle
            )


@contextlib.contextmanager
def _directory(path: pathlib.Path) -> Iterator[int]:
    """Open the directory of a file.

    :raises FileNotFoundError: it does not exist, or is a symbolic link
    """
    try:
        handle = os.open(
            path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        )
    except NotADirectoryError as error:
        raise FileNotFoundError(*error.args) from None
    try:
        yield handle
    finally:
        os.close(handle)


class Logging:
    """The methods of :class:`.base.Driver` for logs."""

    @capability.of(Capability.LOGS)
    def logs(self) -> Sequence[Log]:
        """Return the logs of the server, which need not have a file yet."""
        raise NotImplementedError

    @capability.of(Capability.LOGS)
    def is_log_on(self, name: str) -> bool:
        """Return whether a log is on."""
        raise NotImplementedError

    @capability.of(Capability.LOGS)
    def switch_log(self, name: str, on: bool) -> None:
        """Switch a log on or off, without a restart; idempotent."""
        raise NotImplementedError

    @capability.of(Capability.LOGS)
    def rotate_log(self, name: str) -> None:
        """Let a log begin anew; its former part is kept, the one before not.

        An empty log is only opened again.

        :raises OSError: its file cannot be renamed
        :raises trove.common.exception.DatastoreError: the server goes on with
            the former part until it opens the log again
        """
        raise NotImplementedError


class Logged(abc.ABC):
    """How drivers with a :class:`~.settings.Store` do it."""

    store: stores.Store
    home: homes.Home[Any]

    @abc.abstractmethod
    def logs(self) -> Sequence[Log]: ...

    @abc.abstractmethod
    def write_config(self) -> None: ...

    @abc.abstractmethod
    def apply_log(self, log: Log) -> None:
        """Have the server read the settings of a log again."""

    @abc.abstractmethod
    def reopen_log(self, log: Log) -> None:
        """Have the server open the file of a log again."""

    def log_settings(self) -> dict[str, Any]:
        """Return the settings of all logs that are switched on."""
        found: dict[str, Any] = {}
        for log in self.logs():
            if log.name in self.store.logs:
                found |= log.settings or {}
        return found

    def is_log_on(self, name: str) -> bool:
        log = self._log(name)
        return log.settings is None or name in self.store.logs

    def switch_log(self, name: str, on: bool) -> None:
        log = self._log(name)
        self.store.switch_log(name, on)
        self.write_config()
        if self.home.server().pid() is not None:
            self.apply_log(log)

    def rotate_log(self, name: str) -> None:
        log = self._log(name)
        if log.size():
            log.rotate()
        self.reopen_log(log)

    def _log(self, name: str) -> Log:
        for log in self.logs():
            if log.name == name:
                return log
        raise exception.NotFound(f'The database has no log {name!r}.')
