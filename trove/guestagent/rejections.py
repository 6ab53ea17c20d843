# SPDX-License-Identifier: Apache-2.0
"""Rejected messages of the guest agent, until they are reported.

Each is a file in ``rejected`` in the agent's state directory, durable before
the next message is received. It has the sender, the cause and the arguments
without secrets; the arguments in full are in it as well, but encrypted with
the guest's key, if there is one.

Of messages that are not of another release (forged, replayed, too large) only
the first of its kind is stored and the others are counted, so that their
sender cannot fill the disk.
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
from trove.guestagent import rejection_texts
from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

#: The part of the maximum size for messages of unauthenticated senders.
_UNPROVEN: Final = 0.5
#: Maximum number of kinds of counted messages; beyond, all are of one kind.
MAX_KINDS: Final = 100
#: Characters of arguments beyond which only the encrypted ones are kept.
_LARGE: Final = 65_536
_MIB: Final = 1024 * 1024
_PURPOSE: Final = 'guest rejection'
#: The interface of the services that rejections are reported to.
_CONDUCTOR: Final = 'conductor'

#: Suffix of files of messages that may be rejected still.
_DOUBTED: Final = '.doubted'

#: The kind of a message: messages of one kind are counted together.
Fold = tuple[str, ...]


@dataclasses.dataclass(eq=False)
class Kept:
    """A file with a rejection.

    :param fold: the kind; None for a message that is not counted
    :param told: it was reported as a fault of the instance
    :param changed: ``count`` is newer than in the file
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
    """The content of a file.

    :param full: the arguments include their secrets
    """

    rejection: rpc.Rejection
    count: int
    told: bool
    full: bool


class Rejections:
    """The guest's :data:`trove.common.rpc.Sink`, thread-safe.

    The files are not read before the first use.

    :param keys: None when messages are not encrypted
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
        """Call ``wake`` for each new rejection; it must not block."""
        self._wake = wake

    def __call__(self, rejection: rpc.Rejection) -> None:
        """Store a rejection durably; does not raise."""
        try:
            kept = self._keep(rejection)
        except Exception:
            LOG.exception(
                'Could not store a rejected message in %s. Free space '
                'there, and repeat the request if it is still needed. The '
                'message: %s',
                self._directory,
                rejection_texts.line(rejection),
            )
            return
        if kept is None:
            return
        try:
            rejection_texts.log(rejection, kept.path)
            if self._wake is not None:
                self._wake()
        except Exception:
            # The rejection is stored nevertheless.
            LOG.exception('Could not log the rejection in %s.', kept.path)

    def doubt(self, rejection: rpc.Rejection) -> Callable[[], None]:
        """Store what may become a rejection; see ``rpc.Doubting``.

        After a crash of the agent it counts as a rejection.

        :returns: removes it
        :raises OSError: it could not be stored
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
        """Return all files, oldest first."""
        with self._lock:
            return list(self._load())

    def take(self, kept: Kept) -> Item | None:
        """Read a file, which is no longer used for counting then.

        :returns: None when it no longer exists, or is damaged
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
        """Keep a rejection that could not be reported.

        :param told: it was reported as a fault of the instance
        """
        with self._lock:
            if told and not kept.told:
                kept.told = True
                self._write(kept)
            if kept.fold is not None:
                self._folds.setdefault(kept.fold, kept)

    def remove(self, kept: Kept) -> None:
        """Delete a rejection that was reported."""
        with self._lock:
            kept.path.unlink(missing_ok=True)
            self._load().remove(kept)

    def flush(self) -> None:
        """Write changed counts to the files."""
        with self._lock:
            for kept in self._kept or ():
                if kept.changed:
                    self._write(kept)

    # Keeping

    def _keep(self, rejection: rpc.Rejection) -> Kept | None:
        """Return the new file, None when counted in an existing one."""
        fold = None if rejection.honest else _fold(rejection)
        arguments = rejection_texts.dump(rejection.arguments)
        with self._lock:
            kept = self._load()
            name = f'-{rejection.id}.json'
            if fold is None and any(
                each.path.name.endswith(name) for each in kept
            ):
                # A replay, which is too old to be accepted.
                return None
            if fold is None and not self._has_room(rejection, len(arguments)):
                LOG.error(
                    'Too many rejected messages in %s. Check that the '
                    'conductors are running, which take them over. Dropped: '
                    '%s',
                    self._directory,
                    rejection_texts.line(rejection),
                )
                fold = ('full', rejection.cause)
            if fold is not None:
                if fold not in self._folds and len(self._folds) >= MAX_KINDS:
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
        most = rejection_texts.SHOWN if kept.fold is not None else _LARGE
        shown = rejection.masked()
        if len(rejection_texts.dump(shown)) > most:
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
            LOG.error('Keeping a rejection without its secrets: %s', error)
            return None
        if key is None:
            return None
        return crypto.seal(text, key, _PURPOSE, name.encode())

    def _unseal(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return the arguments in full, None when they are unavailable."""
        if not record['sealed'] or self._keys is None:
            return None
        name: str = record['rejection']['id']
        try:
            keys = self._keys.opening('', None)
        except exception.TroveError as error:
            LOG.error('Reading a rejection without its secrets: %s', error)
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
                # Left by an agent that was killed while it wrote.
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
    """Return the metadata of a file, None if it is damaged."""
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
            'The file of a rejected message is damaged and was renamed to '
            '%s. Look into it, then remove it.',
            damaged,
        )
        path.replace(damaged)
        return None
    return record
