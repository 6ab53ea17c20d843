# SPDX-License-Identifier: Apache-2.0
"""Makes a directory, a git revision, a wheel or an sdist one to read.

Nothing of it is installed, imported or run, and only its Python sources are
unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import pathlib
import shutil
import tarfile
import tempfile
import zipfile

from rpc_contract import git
from rpc_contract import reading

#: What a package may have in it: enough for the largest, too little to harm.
MOST_FILES = 50_000
MOST_BYTES = 512 * 1024 * 1024
_ZIPS = ('.whl', '.zip')
_TARS = ('.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tar.xz')
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
        elif path.name.endswith(_TARS):
            with tarfile.open(path) as archive:
                _untar(archive, top, str(path))
        else:
            raise reading.Unusable(
                f'{path} is not a package: use a wheel (.whl), an sdist '
                '(.tar.gz), a directory or a git revision.'
            )
    except (
        OSError,
        ValueError,
        tarfile.TarError,
        zipfile.BadZipFile,
    ) as error:
        raise reading.Unusable(f'Cannot unpack {path}: {error}.') from None


def _unzip(path: pathlib.Path, top: pathlib.Path) -> None:
    with zipfile.ZipFile(path) as archive:
        wanted = [
            each
            for each in archive.infolist()
            if _is_wanted(each.filename, str(path))
        ]
        _limit(len(wanted), sum(each.file_size for each in wanted), str(path))
        for each in wanted:
            archive.extract(each, top)


def _untar(archive: tarfile.TarFile, top: pathlib.Path, name: str) -> None:
    wanted = []
    for each in archive:
        if each.isreg() and _is_wanted(each.name, name):
            wanted.append(each)
            _limit(len(wanted), sum(one.size for one in wanted), name)
            _write(archive, each, top)


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
            f'{name} has more than {MOST_FILES} source files, or more than '
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
    packed = _git(
        tree, revision, 'archive', '--format=tar', commit.strip(), _SOURCES
    )
    with tempfile.TemporaryFile() as file:
        file.write(packed)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            _untar(archive, top, revision)


def _git(tree: pathlib.Path, revision: str, *arguments: str) -> bytes:
    try:
        done = git.run(tree, *arguments)
    except OSError:
        said = 'git is not installed'
    else:
        if not done.returncode:
            return done.stdout
        said = done.stderr.decode(errors='replace').strip().rstrip('.')
    raise reading.Unusable(
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
