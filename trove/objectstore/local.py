# SPDX-License-Identifier: Apache-2.0
"""A directory as object store, for all services on one host.

An object is a file, ``CONTAINER/NAME``; its metadata are in a hidden file
beside it. A location is a ``file://`` URL below the directory. An object that
is to be deleted by itself is, when another one like that is stored beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import errno
import glob
import hashlib
import json
import os
import pathlib
import re
from typing import Any
from typing import BinaryIO
from urllib import parse

from trove.common import exception
from trove.objectstore import _names
from trove.objectstore import base
from trove.objectstore import errors

#: What is beside an object, see :func:`_hidden`.
_HIDDEN = re.compile(r'^\.(.*)\.(json|new|unfinished)\Z')
_PIECE = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalStore(base.Store):
    """Keeps objects in a directory of this host.

    :param directory: absolute; created with the first object
    :param min_free: bytes to keep free in its file system
    """

    def __init__(
        self, directory: str | os.PathLike[str], min_free: int = 0
    ) -> None:
        self._directory = pathlib.Path(directory)
        self._min_free = min_free

    def save(
        self,
        container: str,
        name: str,
        source: base.Source,
        metadata: Mapping[str, str],
        *,
        suffix: str = '',
        progress: base.Progress | None = None,
        delete_after: int | None = None,
    ) -> base.Stored:
        path = self._path(container, name + suffix)
        action = f'store {container}/{path.name}'
        unfinished = _hidden(path, 'unfinished')
        with _writing(action):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = _create(unfinished)
        try:
            with file:
                size, checksum = self._copy(source, file, action, progress)
            with _writing(action):
                about = {
                    'checksum': checksum,
                    'metadata': dict(metadata),
                    'size': size,
                }
                if delete_after is not None:
                    about['delete_after'] = delete_after
                _write_about(path, about)
                unfinished.replace(path)
                _sync_directory(path.parent)
                if delete_after is not None:
                    self._delete_old(path)
        except BaseException:
            self._remove(path)
            raise
        return base.Stored(path.as_uri(), checksum, size)

    def _copy(
        self,
        source: base.Source,
        file: BinaryIO,
        action: str,
        progress: base.Progress | None,
    ) -> tuple[int, str]:
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        while piece := source.read(_PIECE):
            with _writing(action):
                self._check_space(file, len(piece), action)
                file.write(piece)
            digest.update(piece)
            size += len(piece)
            if progress is not None:
                progress(size)
        with _writing(action):
            file.flush()
            os.fsync(file.fileno())
        return size, digest.hexdigest()

    def _delete_old(self, new: pathlib.Path) -> None:
        """Delete what is to be, in the directory of a new object."""
        now = new.stat().st_mtime
        for about in new.parent.glob('.*.json'):
            path = about.with_name(about.name[1:].removesuffix('.json'))
            try:
                after = json.loads(about.read_text('utf-8'))['delete_after']
                if path.stat().st_mtime + after < now:
                    self._remove(path)
            except (FileNotFoundError, LookupError, TypeError, ValueError):
                continue  # It is to be kept, or just being stored or deleted.

    def _check_space(self, file: BinaryIO, more: int, action: str) -> None:
        state = os.fstatvfs(file.fileno())
        if state.f_bavail * state.f_frsize < self._min_free + more:
            raise errors.full(
                action,
                f'less than {self._min_free} bytes would stay free in the '
                f'file system of {self._directory}',
            )

    def assemble(
        self,
        container: str,
        name: str,
        suffix: str,
        *,
        number: int,
        checksum: str,
        metadata: Mapping[str, str],
    ) -> base.Stored:
        raise errors.refused(
            f'assemble {container}/{name}',
            'a directory stores objects as a whole',
        )

    def check(self) -> None:
        """Return unless the directory, or one above it, is a file.

        It is made with the first object, so it need not be there.
        """
        with _writing('be used'), contextlib.suppress(FileNotFoundError):
            os.scandir(self._directory).close()

    def renew(self, access: Mapping[str, Any]) -> None:
        """Change nothing: files may be written without end."""

    def read(
        self,
        location: str,
        checksum: str | None,
        *,
        progress: base.Progress | None = None,
    ) -> Iterator[bytes]:
        head = self.head(location)
        action = f'read {location}'
        if checksum not in (None, head.checksum):
            raise errors.damaged(
                action,
                f'its checksum is {head.checksum} instead of {checksum}, as '
                'stored',
            )
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        with (
            _explained(action),
            self._located(location).open('rb', buffering=0) as file,
        ):
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                yield piece
                if progress is not None:
                    progress(size)
        if (size, digest.hexdigest()) != (head.size, head.checksum):
            raise errors.damaged(
                action,
                f'the {size} bytes that were read do not match the checksum '
                f'of the {head.size} bytes that were stored',
            )

    def head(self, location: str) -> base.Head:
        path = self._located(location)
        action = f'find {location}'
        with _explained(action):
            path.stat()
            text = _hidden(path, 'json').read_text('utf-8')
        try:
            about = json.loads(text)
            return base.Head(
                location, about['checksum'], about['size'], about['metadata']
            )
        except (KeyError, TypeError, ValueError) as error:
            raise errors.damaged(
                action, f'malformed {_hidden(path, "json")}: {error!r}'
            ) from error

    def location(self, container: str, name: str) -> str:
        return self._path(container, name).as_uri()

    def delete(self, location: str) -> None:
        path = self._located(location)
        with _explained(f'delete {location}'):
            self._remove(path)

    def _remove(self, path: pathlib.Path) -> None:
        """Remove an object, or its leftovers of an interrupted writer."""
        path.unlink(missing_ok=True)
        for kind in 'json', 'new', 'unfinished':
            _hidden(path, kind).unlink(missing_ok=True)

    def discard(self, location: str, most: int = base.MOST) -> bool:
        path = self._located(location)
        found = sorted(
            each
            for name in (path.name, f'.{path.name}')
            for each in path.parent.glob(f'{glob.escape(name)}*')
            if _names.is_of(path.name, _HIDDEN.sub(r'\1', each.name))
        )
        with _explained(f'discard {location}'):
            for each in found[:most]:
                each.unlink(missing_ok=True)
        return len(found) <= most

    def entries(
        self, container: str, prefix: str = ''
    ) -> Iterator[base.Entry]:
        top = self._path(container)
        action = f'list {top}'
        found = []
        with _explained(action):
            for folder, _, names in os.walk(top):
                for name in names:
                    path = pathlib.Path(folder, name)
                    name = str(path.relative_to(top))
                    if path.name[0] != '.' and name.startswith(prefix):
                        found.append(base.Entry(name, path.stat().st_size))
        yield from sorted(found, key=lambda entry: entry.name)

    def _path(self, container: str, name: str | None = None) -> pathlib.Path:
        """Return the file of an object, below the directory."""
        words = [container, *(name.split('/') if name is not None else ())]
        path = self._directory.joinpath(*words)
        plain = all(
            word and word[0] != '.' and not {'/', '\0'} & set(word)
            for word in words
        )
        top = self._directory.resolve()
        if not plain or not path.resolve().is_relative_to(top):
            raise errors.refused(
                f'use object {name!r} of container {container!r}',
                'each part of the name must be a file name that does not '
                'begin with a dot',
            )
        return path

    def _located(self, location: str) -> pathlib.Path:
        url = parse.urlsplit(location)
        path = pathlib.Path(parse.unquote(url.path))
        if url.scheme == 'file' and path.is_relative_to(self._directory):
            words = path.relative_to(self._directory).parts
            if len(words) > 1:
                return self._path(words[0], '/'.join(words[1:]))
        raise errors.refused(
            f'find {location!r}',
            f'it is not the URL of a file in a container in {self._directory}',
        )


def _hidden(path: pathlib.Path, kind: str) -> pathlib.Path:
    return path.with_name(f'.{path.name}.{kind}')


def _create(path: pathlib.Path) -> BinaryIO:
    """Open a file for writing that only its owner may read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), 'wb')


def _write_about(path: pathlib.Path, about: Mapping[str, Any]) -> None:
    file = _hidden(path, 'json')
    new = _hidden(path, 'new')
    with _create(new) as written:
        written.write(json.dumps(about, sort_keys=True).encode())
        written.flush()
        os.fsync(written.fileno())
    new.replace(file)


def _sync_directory(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(action: str) -> Iterator[None]:
    """Convert errors of the file system to those of the store."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise errors.missing(action, _said(error)) from error
    except PermissionError as error:
        raise errors.denied(action, _said(error)) from error
    except OSError as error:
        if error.errno in _FULL:
            raise errors.full(action, _said(error)) from error
        raise errors.unreachable(action, _said(error)) from error


@contextlib.contextmanager
def _writing(action: str) -> Iterator[None]:
    """Like :func:`_explained`: a directory that is away is the store's."""
    try:
        with _explained(action):
            yield
    except exception.ObjectMissing as error:
        raise errors.unreachable(action, error.values['reason']) from error


def _said(error: OSError) -> str:
    return f'{error.strerror} ({error.filename})'
