# SPDX-License-Identifier: Apache-2.0
"""Which of the installed agents is to run.

The program of an old image reads what a much newer agent has written. So the
file only grows: never change what a field means.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
from typing import Any
from typing import Final

from trove.guestagent.datastores import files

#: Name of the agent that is part of the image.
IMAGE: Final = ''

#: Of the state directory of the agent; the installed ones are in it.
DIRECTORY: Final = 'agents'

_FILE: Final = 'choice.json'
_LOCK: Final = 'lock'

#: Starts of an agent that nobody has confirmed. One more is a crash too many.
_STARTS: Final = 2


@dataclasses.dataclass(frozen=True)
class Trial:
    """An agent runs that has not reported to the conductors yet.

    :param seconds: that it has for that, after each start
    :param status: of the database before, in the words of a heartbeat
    :param starts: of it so far
    :param older: what the one before it can go back to
    """

    seconds: int
    status: str
    starts: int = 0
    older: str | None = None


@dataclasses.dataclass(frozen=True)
class Failure:
    """The last order that failed.

    :param package: that it was about
    :param reason: a sentence
    :param told: the control plane knows it
    """

    package: str
    reason: str
    told: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which agent is to run; each is named by the SHA-256 of its package.

    :param previous: the one before, None when there was none
    """

    current: str = IMAGE
    previous: str | None = None
    trial: Trial | None = None
    failure: Failure | None = None

    def tried(self, name: str, trial: Trial) -> Choice:
        """Choose another agent, until it is confirmed or taken back."""
        trial = dataclasses.replace(trial, older=self.previous)
        return Choice(name, self.current, trial)

    def confirmed(self) -> Choice:
        return dataclasses.replace(self, trial=None)

    def taken_back(self, reason: str) -> Choice:
        """Choose the one before again."""
        failure = Failure(
            self.current,
            # First what happened: the middle of a long fault is cut out.
            f'The new agent was taken back: {reason}. It is that of '
            f'{described(self.current)}.',
        )
        older = None if self.trial is None else self.trial.older
        return Choice(self.previous or IMAGE, older, failure=failure)

    def with_told(self) -> Choice:
        """Note that the control plane knows of the failure."""
        assert self.failure is not None
        failure = dataclasses.replace(self.failure, told=True)
        return dataclasses.replace(self, failure=failure)

    def started(self) -> Choice:
        """Count a start of an agent on trial, or take it back."""
        if self.trial is None:
            return self
        if self.trial.starts >= _STARTS:
            return self.taken_back(
                f'it ended {_STARTS} times before it reported to a '
                'conductor. See the log of the guest agent for the cause'
            )
        trial = dataclasses.replace(self.trial, starts=self.trial.starts + 1)
        return dataclasses.replace(self, trial=trial)


def described(name: str) -> str:
    """Return what an agent is called."""
    return f'package {name}' if name != IMAGE else 'the image'


class Choices:
    """Keeps the choice of one guest, for several processes.

    :param state_dir: of the agent
    """

    def __init__(self, state_dir: pathlib.Path) -> None:
        self.directory = state_dir / DIRECTORY
        self._path = self.directory / _FILE

    def home(self, name: str) -> pathlib.Path:
        """Return the virtual environment of an installed agent."""
        return self.directory / name

    def python(self, name: str) -> pathlib.Path:
        return self.home(name) / 'bin' / 'python'

    def load(self) -> Choice:
        """Return the choice; that of the image if it cannot be read."""
        try:
            values = json.loads(self._path.read_text('utf-8'))
            return _choice(values)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Choice()

    @contextlib.contextmanager
    def changing(self) -> Iterator[Choice]:
        """Keep other processes from changing it meanwhile."""
        files.private_directory(self.directory)
        with (self.directory / _LOCK).open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.load()

    def save(self, choice: Choice) -> None:
        """Replace it; within :meth:`changing`."""
        files.write_json(self._path, dataclasses.asdict(choice))


def _choice(values: dict[str, Any]) -> Choice:
    trial, failure = values.get('trial'), values.get('failure')
    return Choice(
        _name(values['current']),
        None if values.get('previous') is None else _name(values['previous']),
        None if trial is None else _known(Trial, trial),
        None if failure is None else _known(Failure, failure),
    )


def _known(cls: Any, values: dict[str, Any]) -> Any:
    """Make an object of the fields that this release knows."""
    names = {field.name for field in dataclasses.fields(cls)}
    return cls(**{k: v for k, v in values.items() if k in names})


def _name(name: str) -> str:
    """Return the name of an agent, which is that of a directory."""
    if name != IMAGE and (os.path.basename(name) != name or '.' in name):
        raise ValueError(name)
    return name
