# SPDX-License-Identifier: Apache-2.0
"""Makes a directory, a git revision, a wheel or an sdist one to read.

Nothing of it is installed, imported or run, and only its Python sources are
unpacked.
"""

from __future__ import annotations

import bz2
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import gzip
import lzma
import pathlib
import shutil
import tarfile
import tempfile
from typing import Any
from typing import cast
from typing import IO
from typing import Self
import zipfile
import zlib

from rpc_contract import git
from rpc_contract import reading

#: What a package may have in it: enough for the largest, too little to harm.
MOST_FILES = 50_000
MOST_BYTES = 512 * 1024 * 1024
_ZIPS = ('.whl', '.zip')
_TARS: dict[str, Callable[..., Any]] = {
    '.tar': open,
    '.tar.gz': gzip.open,
    '.tgz': gzip.open,
    '.tar.bz2': bz2.open,
    '.tar.xz': lzma.open,
}
#: What is raised of what is no archive, or is damaged; a RuntimeError of an
#: encrypted one.
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
#: In bytes, of what is read at once.
_BLOCK = 64 * 1024
_SOURCES = ':(glob)**/*.py'


@contextlib.contextmanager
def opened(spec: str, tree: pathlib.Path) -> Iterator[pathlib.Path]:
    """Return a directory with the sources that are meant, while it is used.

    :param spec: a directory, the file of a wheel or an sdist, or else a git
        revision of ``tree``
    :raises reading.Unusable: it is none of them, or cannot be unpacked
    """
    path = pathlib.Path(spec)
    if path.is_dir():
        yield path.resolve()
        return
    with tempfile.TemporaryDirectory(prefix='rpc-contract-') as scratch:
        top = pathlib.Path(scratch)
        if path.is_file():
            _unpack(path, top)
        elif spec.endswith((*_ZIPS, *_TARS)):
            raise reading.Unusable(f'There is no file {spec}.')
        else:
            _check_out(spec, tree, top)
        yield _inner(top)


def _unpack(path: pathlib.Path, top: pathlib.Path) -> None:
    try:
        if path.name.endswith(_ZIPS):
            _unzip(path, top)
        elif path.name.endswith(tuple(_TARS)):
            _, opener = next(
                each for each in _TARS.items() if path.name.endswith(each[0])
            )
            with opener(path, 'rb') as stream:
                _untar(stream, top, str(path))
        else:
            raise reading.Unusable(
                f'{path} is not a package: use a wheel (.whl), an sdist '
                '(.tar.gz), a directory or a git revision.'
            )
    except _DAMAGED as error:
        raise reading.Unusable(
            f'Cannot unpack {path}: {str(error).rstrip(".")}. Build or '
            'download it again.'
        ) from None


def _unzip(path: pathlib.Path, top: pathlib.Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        wanted = [
            each for each in members if _is_wanted(each.filename, str(path))
        ]
        size = sum(each.file_size for each in wanted)
        _limit(len(members), size, str(path))
        for each in wanted:
            archive.extract(each, top)


class _Member(tarfile.TarInfo):
    """One whose header can be read, or the archive is damaged."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            # Any other is the end of it too, for tarfile.
            if type(error).__name__ == 'EOFHeaderError':
                raise
            raise tarfile.ReadError(f'damaged header: {error}') from None


class _Limited:
    """Reads a stream up to a limit, whatever is in it."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._size = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._size += len(data)
        _limit(0, self._size, self._name)
        return data


def _untar(stream: IO[bytes], top: pathlib.Path, name: str) -> None:
    limited = _Limited(stream, name)
    size = 0
    with tarfile.open(
        fileobj=cast(IO[bytes], limited), mode='r|', tarinfo=_Member
    ) as archive:
        for count, each in enumerate(archive, 1):
            wanted = each.isreg() and _is_wanted(each.name, name)
            size += each.size if wanted else 0
            _limit(count, size, name)
            if wanted:
                _write(archive, each, top)
    # To the end, where the sum is that is checked.
    while limited.read(_BLOCK):
        pass


def _write(
    archive: tarfile.TarFile, member: tarfile.TarInfo, top: pathlib.Path
) -> None:
    """Write a regular file whose name is known to be harmless.

    Not ``extract(filter='data')``: Python 3.11.2 does not have it, and
    without a filter owner and mode would be those of the archive.
    """
    path = top / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None
    with content, path.open('wb') as file:
        shutil.copyfileobj(content, file)


def _is_wanted(member: str, name: str) -> bool:
    if not member.endswith('.py'):
        return False
    path = pathlib.PurePosixPath(member)
    if path.is_absolute() or '..' in path.parts or '\\' in member:
        raise reading.Unusable(
            f'{name} has the member {member!r}, which would be written '
            'outside the target directory. Nothing was unpacked.'
        )
    return True


def _limit(count: int, size: int, name: str) -> None:
    if count > MOST_FILES or size > MOST_BYTES:
        raise reading.Unusable(
            f'{name} has more than {MOST_FILES} files, or more than '
            f'{MOST_BYTES} bytes of them. It is not a package of this kind.'
        )


def _check_out(revision: str, tree: pathlib.Path, top: pathlib.Path) -> None:
    """Read the sources of a git revision, as far as ``tree`` has them."""
    commit = _git(
        tree,
        revision,
        'rev-parse',
        '--verify',
        '--quiet',
        '--end-of-options',
        f'{revision}^{{commit}}',
    ).decode()
    arguments = ['archive', '--format=tar', commit.strip(), _SOURCES]
    try:
        with git.output(tree, *arguments) as stream:
            _untar(stream, top, revision)
    except _DAMAGED as error:
        raise _unknown(tree, revision, str(error)) from None


def _git(tree: pathlib.Path, revision: str, *arguments: str) -> bytes:
    try:
        done = git.run(tree, *arguments)
    except OSError:
        said = 'git is not installed'
    else:
        if not done.returncode:
            return done.stdout
        said = done.stderr.decode(errors='replace')
    raise _unknown(tree, revision, said)


def _unknown(
    tree: pathlib.Path, revision: str, said: str
) -> reading.Unusable:
    said = said.strip().rstrip('.')
    return reading.Unusable(
        f'"{revision}" is no directory, no file and no git revision of '
        f'{tree} with sources in it'
        f'{": " + said if said else ""}. In a clone without its history, '
        'fetch it first: git fetch --unshallow --tags.'
    )


def _inner(top: pathlib.Path) -> pathlib.Path:
    """Return the directory that packages are in: an sdist has one more."""
    within = [each for each in top.iterdir() if each.is_dir()]
    if (
        len(within) == 1
        and not (within[0] / '__init__.py').exists()
        and any(
            (each / '__init__.py').exists() for each in within[0].iterdir()
        )
    ):
        return within[0]
    return top
