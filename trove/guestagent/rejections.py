# SPDX-License-Identifier: Apache-2.0
"""Messages that the guest could not take, kept until somebody else has them.

Each is a file of its own in ``rejected`` below the agent's state directory,
on the disk before the next message is taken. It shows who sent what, why it
was not taken and the arguments without their secrets; the arguments in full
are in it as well, but sealed with the guest's key, if it has one.

What is not an honest message of another release (forged, copied, too large)
is only counted after the first of its kind, so that whoever sends it cannot
fill the disk.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools
import json
import logging
import math
import pathlib
import threading
from typing import Any
from typing import Final

from oslo_config import cfg

from trove.common import crypto
from trove.common import exception
from trove.common import rpc
from trove.guestagent import rejected_words
from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

#: Of the room for messages, the part for those that may be of anybody.
_UNPROVEN: Final = 0.5
#: Kinds of messages that nobody honest sent, beyond which all count as one.
MOST_FOLDS: Final = 100
#: Characters of arguments beyond which only the sealed ones are kept.
_LARGE: Final = 65_536
_MIB: Final = 1024 * 1024
_PURPOSE: Final = 'guest rejection'
#: The interface of those who take them over.
_CONDUCTOR: Final = 'conductor'

#: Of files that tell of what was not so yet, when it was written.
_DOUBTED: Final = '.doubted'

#: What a message has in common with those that are counted with it.
Fold = tuple[str, ...]


@dataclasses.dataclass(eq=False)
class Kept:
    """One file.

    :param fold: None for a message that stands for itself
    :param told: it has been made a fault of the instance
    :param changed: ``count`` is not in the file yet
    """

    path: pathlib.Path
    size: int
    time: float
    fold: Fold | None = None
    count: int = 1
    told: bool = False
    changed: bool = False


@dataclasses.dataclass(frozen=True)
class Item:
    """What is in a file.

    :param full: the arguments include their secrets
    """

    rejection: rpc.Rejection
    count: int
    told: bool
    full: bool


class Rejections:
    """The guest's :data:`trove.common.rpc.Sink`. Safe for many threads.

    Nothing is read before the first rejection or question.

    :param keys: None when nothing is encrypted here
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        directory: pathlib.Path,
        keys: rpc.Keys | None,
    ) -> None:
        self._conf = conf
        self._directory = directory
        self._keys = keys
        self._lock = threading.Lock()
        self._kept: list[Kept] | None = None
        self._folds: dict[Fold, Kept] = {}
        self._wake: Callable[[], None] | None = None

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` at each new one; it must not wait."""
        self._wake = wake

    def __call__(self, rejection: rpc.Rejection) -> None:
        """Write a rejection down, for good; raises nothing."""
        try:
            kept = self._keep(rejection)
        except Exception:
            LOG.exception(
                'A message could not be taken, and it could not be written '
                'down in %s either. Make room there, and send it again if '
                'it is still wanted. It was: %s',
                self._directory,
                rejected_words.line(rejection),
            )
            return
        if kept is None:
            return
        try:
            rejected_words.log(rejection, kept.path)
            if self._wake is not None:
                self._wake()
        except Exception:
            # It is on the disk; what is missing is the word of it.
            LOG.exception('Could not tell of the message in %s.', kept.path)

    def doubt(self, rejection: rpc.Rejection) -> Callable[[], None]:
        """Write down what is not so yet; see ``rpc.Doubting``.

        The next agent takes it for a rejection, unless it was taken back.
        """
        with self._lock:
            self._load()
            path = self._path(rejection)
            kept = Kept(path, 0, rejection.time)
            doubted = path.with_suffix(_DOUBTED)
            text = json.dumps(self._record(kept, rejection, '{}'))
            files.write(doubted, text)
        return functools.partial(doubted.unlink, missing_ok=True)

    def waiting(self) -> list[Kept]:
        """All files, oldest first."""
        with self._lock:
            return list(self._load())

    def take(self, kept: Kept) -> Item | None:
        """Read a file, and count nothing more in it.

        :returns: None when it is not there any more, or is damaged
        """
        with self._lock:
            if kept.fold is not None and self._folds.get(kept.fold) is kept:
                del self._folds[kept.fold]
            record = _read(kept.path)
            if record is None:
                self._load().remove(kept)
                return None
        arguments = self._unseal(record)
        values = dict(record['rejection'])
        if arguments is not None:
            values['arguments'] = arguments
        return Item(
            rejection=rpc.Rejection.from_dict(values),
            count=kept.count,
            told=kept.told,
            full=arguments is not None,
        )

    def put_back(self, kept: Kept, told: bool) -> None:
        """It could not be handed over.

        :param told: at least a fault could be made of it
        """
        with self._lock:
            if told and not kept.told:
                kept.told = True
                self._write(kept)
            if kept.fold is not None:
                self._folds.setdefault(kept.fold, kept)

    def remove(self, kept: Kept) -> None:
        """It has been handed over."""
        with self._lock:
            kept.path.unlink(missing_ok=True)
            self._load().remove(kept)

    def flush(self) -> None:
        """Write the counts down that have changed."""
        with self._lock:
            for kept in self._kept or ():
                if kept.changed:
                    self._write(kept)

    # Keeping

    def _keep(self, rejection: rpc.Rejection) -> Kept | None:
        """Return the new file, None when it was counted in another."""
        fold = None if rejection.honest else _fold(rejection)
        arguments = rejected_words.dump(rejection.arguments)
        with self._lock:
            kept = self._load()
            name = f'-{rejection.id}.json'
            if fold is None and any(
                each.path.name.endswith(name) for each in kept
            ):
                # A copy of one that is so old that it is not taken.
                return None
            if fold is None and not self._has_room(rejection, len(arguments)):
                LOG.error(
                    'There are too many messages in %s that could not be '
                    'taken. Check that the conductors run, which take them '
                    'over. Not kept: %s',
                    self._directory,
                    rejected_words.line(rejection),
                )
                fold = ('full', rejection.cause)
            if fold is not None:
                if fold not in self._folds and len(self._folds) >= MOST_FOLDS:
                    fold = ('others', rejection.cause)
                found = self._folds.get(fold)
                if found is not None:
                    found.count += 1
                    found.changed = True
                    return None
            new = Kept(self._path(rejection), 0, rejection.time, fold)
            text = json.dumps(self._record(new, rejection, arguments))
            new.size = len(text)
            files.write(new.path, text)
            kept.append(new)
            if fold is not None:
                self._folds[fold] = new
            return new

    def _path(self, rejection: rpc.Rejection) -> pathlib.Path:
        name = f'{math.floor(rejection.time * 1000):015d}-{rejection.id}'
        return self._directory / f'{name}.json'

    def _has_room(self, rejection: rpc.Rejection, size: int) -> bool:
        options = self._conf.guestagent
        kept = self._load()
        used = sum(each.size for each in kept)
        part = 1.0
        if rejection.cause == 'unread' and not rejection.proven:
            part = _UNPROVEN
        most: float = options.max_rejected * part
        limit: float = options.max_rejected_mb * _MIB * part
        return len(kept) < most and used + size <= limit

    def _record(
        self, kept: Kept, rejection: rpc.Rejection, arguments: str
    ) -> dict[str, Any]:
        values = rejection.to_dict()
        most = rejected_words.SHOWN if kept.fold is not None else _LARGE
        shown = rejection.masked()
        if len(rejected_words.dump(shown)) > most:
            shown = {'left out': len(arguments)}
        values['arguments'] = shown
        sealed = None
        largest = self._conf.rpc_max_message_bytes // 2
        if kept.fold is None and len(arguments) <= largest:
            sealed = self._seal(rejection.id, arguments)
        return {
            'rejection': values,
            'fold': kept.fold,
            'count': kept.count,
            'told': kept.told,
            'sealed': sealed,
        }

    def _seal(self, name: str, text: str) -> str | None:
        if self._keys is None:
            return None
        try:
            key = self._keys.sealing(_CONDUCTOR, None)
        except exception.TroveError as error:
            LOG.error('A message is kept without its secrets: %s', error)
            return None
        if key is None:
            return None
        return crypto.seal(text, key, _PURPOSE, name.encode())

    def _unseal(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return the arguments in full, None when they cannot be had."""
        if not record['sealed'] or self._keys is None:
            return None
        name: str = record['rejection']['id']
        try:
            keys = self._keys.opening('', None)
        except exception.TroveError as error:
            LOG.error('A message is read without its secrets: %s', error)
            return None
        for key in keys:
            try:
                text = crypto.unseal(
                    record['sealed'], key, _PURPOSE, name.encode()
                )
            except crypto.DecryptionError:
                continue
            arguments: dict[str, Any] = json.loads(text)
            return arguments
        return None

    def _write(self, kept: Kept) -> None:
        record = _read(kept.path)
        if record is not None:
            record.update(count=kept.count, told=kept.told)
            files.write(kept.path, json.dumps(record))
        kept.changed = False

    def _load(self) -> list[Kept]:
        if self._kept is not None:
            return self._kept
        files.private_directory(self._directory)
        found = []
        for path in sorted(self._directory.iterdir()):
            if path.name.startswith('.'):
                # Of an agent that ended while it wrote.
                path.unlink(missing_ok=True)
                continue
            if path.suffix == _DOUBTED:
                path = path.rename(path.with_suffix('.json'))
            if path.suffix == '.json':
                found.append(_known(path))
        self._kept = [each for each in found if each is not None]
        self._folds = {each.fold: each for each in self._kept if each.fold}
        return self._kept


def _fold(rejection: rpc.Rejection) -> Fold:
    return (
        rejection.cause,
        rejection.interface,
        rejection.method,
        rejection.sender or '',
    )


def _known(path: pathlib.Path) -> Kept | None:
    """Return what must be known of a file of an agent before this one."""
    record = _read(path)
    if record is None:
        return None
    return Kept(
        path,
        path.stat().st_size,
        record['rejection']['time'],
        tuple(record['fold']) if record['fold'] else None,
        record['count'],
        record['told'],
    )


def _read(path: pathlib.Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text('utf-8'))
        rpc.Rejection.from_dict(record['rejection'])
        if not {'fold', 'count', 'told', 'sealed'} <= set(record):
            raise KeyError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        damaged = path.with_suffix('.damaged')
        LOG.error(
            'The file of a message that could not be taken is damaged; it is '
            '%s now. Look into it, then remove it.',
            damaged,
        )
        path.replace(damaged)
        return None
    return record
