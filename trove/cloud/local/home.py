# SPDX-License-Identifier: Apache-2.0
"""Files of a local server and of its volume.

Below the state directory::

    addresses.json         who has which address
    locks/<instance>       held while a server or a volume is changed
    servers/<instance>/
        server.json        the record of the server
        etc/               configuration of the guest agent
        log/guestagent.log
        run/               of the supervisor: its identity, crashes, stop
        state/             what the guest agent keeps
        disk/              the data, when the instance has no volume
    volumes/<instance>/
        volume.json        the record of the volume
        data/              where the volume is mounted, so to say
    logs/<instance>.log    of the guest agents of servers that are gone
    staging/               database programs, when they must be copied
"""

from __future__ import annotations

from collections.abc import Mapping
import contextlib
import dataclasses
import errno
import json
import os
import pathlib
import shutil
import time
from typing import Any
import uuid

from trove.cloud import base
from trove.cloud.local import files
from trove.common import exception

#: In this order, since a later file overrides an earlier one.
_FIRST = ('trove-guestagent.conf', 'guest_info.conf')
_LAST = ('local.conf', 'boot.conf')

#: Datastores whose programs may have to be copied.
_STAGED = ('mariadb', 'mysql', 'postgresql')

#: Bytes that are read of the end of a log.
_LOG_END = 32_768

#: How many logs of servers that are gone are kept.
MOST_LOGS = 50

#: How often a directory is removed in which files are still made, and the
#: seconds between.
_TRIES = 50
_PAUSE = 0.1


@dataclasses.dataclass(frozen=True)
class Record:
    """A server as it is meant to be.

    :param up: whether it shall run
    :param run_as: the user of its database, when we are root
    """

    id: str
    instance_id: str
    name: str
    flavor: base.Flavor
    address: str
    up: bool
    volume_id: str | None = None
    run_as: str | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Record:
        return cls(**{**values, 'flavor': base.Flavor(**values['flavor'])})


@dataclasses.dataclass(frozen=True)
class Home:
    """The directories of one instance."""

    state_dir: pathlib.Path
    instance_id: str

    def __post_init__(self) -> None:
        name = self.instance_id
        if not name or name.startswith('.') or '/' in name or '\0' in name:
            raise exception.CloudError(
                action='name a server',
                reason=f'{name!r} is not an instance ID',
            )

    @property
    def root(self) -> pathlib.Path:
        return self.state_dir / 'servers' / self.instance_id

    @property
    def volume(self) -> pathlib.Path:
        return self.state_dir / 'volumes' / self.instance_id

    @property
    def lock(self) -> pathlib.Path:
        return self.state_dir / 'locks' / self.instance_id

    @property
    def etc(self) -> pathlib.Path:
        return self.root / 'etc'

    @property
    def run(self) -> pathlib.Path:
        return self.root / 'run'

    @property
    def log(self) -> pathlib.Path:
        return self.root / 'log' / 'guestagent.log'

    @property
    def kept_log(self) -> pathlib.Path:
        """The log of the guest agent when the server is removed."""
        return self.state_dir / 'logs' / f'{self.instance_id}.log'

    def config_files(self) -> list[pathlib.Path]:
        """Return the guest agent's, in the order they are to be read."""
        names = sorted(path.name for path in self.etc.glob('*.conf'))
        order = [
            *(name for name in _FIRST if name in names),
            *(name for name in names if name not in _FIRST + _LAST),
            *(name for name in _LAST if name in names),
        ]
        return [self.etc / name for name in order]

    # The server

    def read(self) -> Record | None:
        """Return the record of the server, None when there is no server.

        :raises CloudError: it is damaged
        """
        path = self.root / 'server.json'
        try:
            return Record.from_dict(json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, LookupError) as error:
            raise exception.CloudError(
                action=f'read {path}',
                reason='it is damaged. Restore it from a backup, or delete '
                f'instance {self.instance_id}',
            ) from error

    def write(self, record: Record) -> None:
        text = json.dumps(dataclasses.asdict(record), indent=1)
        files.write(self.root / 'server.json', text)

    def make(self) -> None:
        files.make_directory(self.root)
        # Configuration holds the address of the broker with its password.
        for name in ('etc', 'run', 'log'):
            files.make_directory(self.root / name, 0o700)
        files.make_directory(self.root / 'state')
        files.make_directory(self.root / 'disk')

    def put(self, content: Mapping[str, str]) -> None:
        """Write the files of a server spec.

        :raises CloudError: a path leads out of the directory
        """
        for name, text in content.items():
            path = self.etc / name
            if not path.resolve().is_relative_to(self.etc.resolve()):
                raise exception.CloudError(
                    action='create the server',
                    reason=f'{name} is outside its configuration directory',
                )
            files.make_directory(path.parent, 0o700)
            files.write(path, text)

    def configure(self, record: Record) -> None:
        """Write local.conf: what depends on this machine and the flavor."""
        volume = self.read_volume() if record.volume_id else None
        place = self.root / 'disk'
        lines = ['# Written by the local cloud driver.', '[guestagent]']
        if volume is not None and volume.mount_point is not None:
            place = pathlib.Path(volume.mount_point)
            lines.append(f'volume_size = {volume.size}')
        lines += [
            f'bind_address = {record.address}',
            f'data_dir = {place / "data"}',
            f'state_dir = {self.root / "state"}',
            f'log_file = {self.log}',
            f'memory_mb = {record.flavor.ram}',
            'initialize_early = true',
            f'templates_dir = {self.state_dir / "templates"}',
        ]
        if record.run_as:
            lines.append(f'run_as = {record.run_as}')
        for datastore in _STAGED:
            lines += [
                f'[{datastore}]',
                f'staging_dir = {self.state_dir / "staging"}',
            ]
        files.write(self.etc / 'local.conf', '\n'.join(lines) + '\n')

    def boot(self) -> None:
        """Give this start of the server a name of its own.

        The guest agent tells by it that its machine was booted, and not
        only the agent itself started again. The boot of the real machine
        says nothing about that of a server.
        """
        files.write(
            self.etc / 'boot.conf',
            '# Written at each start of the server.\n'
            '[guestagent]\n'
            f'boot_name = {uuid.uuid4()}\n',
        )

    def check(self) -> None:
        """Return when all can be written that a start writes.

        :raises OSError: before anything is stopped
        """
        with self.log.open('ab'):
            pass  # It goes on where it is.
        for directory in (self.root, self.etc, self.run):
            probe = directory / '.probe'
            probe.touch()
            probe.unlink()

    def replace(self) -> None:
        """Remove all that is not on the volume, as of a new disk.

        The record and the log stay.
        """
        for name in ('etc', 'run', 'state', 'disk'):
            _remove_tree(self.root / name)
        self.make()

    def remove(self) -> None:
        self._keep_log()
        _remove_tree(self.root)

    def log_end(self) -> str:
        """Return the end of the log of the guest agent, '' without one."""
        with contextlib.suppress(FileNotFoundError):
            with self.log.open('rb') as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _LOG_END))
                return file.read(_LOG_END).decode(errors='replace')
        return ''

    def _keep_log(self) -> None:
        """Keep the log of the guest agent: it says why a creation failed."""
        with contextlib.suppress(FileNotFoundError):
            files.make_directory(self.kept_log.parent, 0o700)
            os.replace(self.log, self.kept_log)
        kept = sorted(
            self.kept_log.parent.glob('*.log'),
            key=lambda path: path.stat().st_mtime,
        )
        for path in kept[:-MOST_LOGS]:
            path.unlink(missing_ok=True)

    # The volume

    def read_volume(self) -> base.Volume | None:
        try:
            text = (self.volume / 'volume.json').read_text()
        except FileNotFoundError:
            return None
        return base.Volume(**json.loads(text))

    def make_volume(self, volume_id: str, size: int) -> base.Volume:
        data = self.volume / 'data'
        files.make_directory(self.volume)
        files.make_directory(data)
        volume = base.Volume(volume_id, size, mount_point=str(data))
        self.write_volume(volume)
        return volume

    def write_volume(self, volume: base.Volume) -> None:
        text = json.dumps(dataclasses.asdict(volume), indent=1)
        files.write(self.volume / 'volume.json', text)

    def remove_volume(self) -> None:
        _remove_tree(self.volume)


def _remove_tree(path: pathlib.Path) -> None:
    """Remove a directory, if there is one.

    A process that ends may make or remove a file in it meanwhile; nothing
    starts another.
    """
    for left in reversed(range(_TRIES)):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or not left:
                raise
            time.sleep(_PAUSE)
        if not path.exists():
            return
    raise OSError(errno.ENOTEMPTY, 'files are still made in it', str(path))
