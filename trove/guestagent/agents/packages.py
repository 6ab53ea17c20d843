# SPDX-License-Identifier: Apache-2.0
"""Installs a guest agent from a package, beside those that there are.

A package is a wheel of Trove, or a zip file with that wheel and others that it
needs beyond those of the image. It is unpacked into a virtual environment of
its own, which has the packages of the image behind it. Nothing of a package is
run before its digest is right.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import Any
from typing import Final
from typing import IO
from urllib import error as url_error
from urllib import parse
from urllib import request
import zipfile

from trove.common import exception
from trove.common import masking
from trove.guestagent.agents import choice as choices
from trove.guestagent.agents import starting

#: Bytes of a package, of all its files, and the number of these.
MAX_BYTES: Final = 256 * 2**20
MAX_UNPACKED: Final = 1024 * 2**20
MAX_FILES: Final = 50_000

#: Seconds to fetch a package, and without an answer meanwhile.
_FETCH_TIMEOUT: Final = 300
_SILENCE_TIMEOUT: Final = 30
#: Seconds for each of the programs.
_RUN_TIMEOUT: Final = 120
_CHUNK: Final = 2**20

#: What other interpreters run. What it imports is not needed here.
_FITNESS: Final = pathlib.Path(__file__).with_name('fitness.py')

#: Seconds that an agent on trial has, unless told, and may have.
SECONDS: Final = 120
_SECONDS: Final = range(10, 3601)
_SCHEMES: Final = ('file', 'http', 'https')
_HEX: Final = frozenset('0123456789abcdef')


@dataclasses.dataclass(frozen=True)
class Package:
    """What an order says of a package.

    :param seconds: that the agent has to report to a conductor
    """

    url: str = dataclasses.field(repr=False)
    sha256: str
    seconds: int

    @property
    def name(self) -> str:
        """Return where it is, without what may be a secret."""
        url = parse.urlsplit(self.url)
        return parse.urlunsplit((url.scheme, url.netloc, url.path, '', ''))


def parse_order(values: Any) -> Package:
    """Check what an order says of a package.

    :raises trove.common.exception.BadRequest: it is malformed
    """
    if not isinstance(values, dict):
        raise exception.BadRequest(reason='"package" is not a dictionary.')
    url, digest = values.get('url'), values.get('sha256')
    seconds = values.get('seconds')
    where = parse.urlsplit(url) if isinstance(url, str) else None
    if where is None or where.scheme not in _SCHEMES or '@' in where.netloc:
        raise exception.BadRequest(
            reason='"url" must begin with http://, https:// or file:// and '
            'have no password.'
        )
    if not isinstance(digest, str) or len(digest) != 64 or set(digest) - _HEX:
        raise exception.BadRequest(
            reason='"sha256" must be 64 digits of 0-9 and a-f.'
        )
    if type(seconds) is not int or seconds not in _SECONDS:
        raise exception.BadRequest(
            reason=f'"seconds" must be a number from {_SECONDS[0]} to '
            f'{_SECONDS[-1]}.'
        )
    return Package(str(url), digest, seconds)


def install(kept: choices.Choices, package: Package) -> None:
    """Install a package; one that is there already is installed anew.

    :raises trove.common.exception.Unprocessable: it cannot be; nothing of it
        is left
    """
    try:
        with tempfile.TemporaryDirectory(
            dir=kept.directory, prefix='.new-'
        ) as work:
            path = pathlib.Path(work) / 'package'
            fetch(package, path)
            home = pathlib.Path(work) / 'home'
            site = _environment(home)
            _unpack(path, site)
            _check(home, site)
            target = kept.home(package.sha256)
            shutil.rmtree(target, ignore_errors=True)
            home.rename(target)
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError) as e:
        raise _refused(package, f'{e}. Check the package and the disk') from e
    except _Wrong as error:
        raise _refused(package, str(error)) from None


class _Wrong(Exception):
    """Something is wrong with a package."""


def _refused(package: Package, reason: str) -> exception.Unprocessable:
    # Its query may be a secret, and errors may show it.
    query = parse.urlsplit(package.url).query
    reason = reason.replace(f'?{query}', '')
    return exception.Unprocessable(
        f'Package {package.name} was not installed: {reason}.'
    )


def fetch(package: Package, path: pathlib.Path) -> None:
    """Write a package to a file, and check its digest.

    :raises OSError: it cannot be read
    """
    digest, size = hashlib.sha256(), 0
    deadline = time.monotonic() + _FETCH_TIMEOUT
    try:
        with (
            request.urlopen(package.url, timeout=_SILENCE_TIMEOUT) as source,
            path.open('wb') as target,
        ):
            # Not all of a piece at once: a server may send a byte a minute.
            while chunk := source.read1(_CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise _Wrong(f'it has more than {MAX_BYTES} bytes')
                if time.monotonic() > deadline:
                    raise _Wrong(
                        f'it was not read within {_FETCH_TIMEOUT} seconds'
                    )
                digest.update(chunk)
                target.write(chunk)
    except url_error.URLError as error:
        raise _Wrong(
            f'it cannot be read: {error}. Check that guests reach it'
        ) from None
    if digest.hexdigest() != package.sha256:
        raise _Wrong(
            f'its SHA-256 is {digest.hexdigest()}, and not '
            f'{package.sha256} as ordered'
        )


def _environment(home: pathlib.Path) -> pathlib.Path:
    """Make a virtual environment; return where its modules belong."""
    python, *path = starting.base()
    _run([python, '-m', 'venv', '--without-pip', os.fspath(home)])
    (site,) = home.glob('lib/python*/site-packages')
    lines = [each for each in path if os.path.isdir(each)]
    (site / 'image.pth').write_text('\n'.join(lines) + '\n', 'utf-8')
    return site


def _unpack(path: pathlib.Path, site: pathlib.Path) -> None:
    """Unpack a wheel, or all of the wheels that a zip file has."""
    budget = _Budget()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith('.dist-info/WHEEL') for name in names):
            budget.unpack(archive, site)
            return
        wheels = [name for name in names if name.endswith('.whl')]
        for name in wheels:
            budget.check(archive.getinfo(name))
            with archive.open(name) as source, tempfile.TemporaryFile(
                dir=path.parent
            ) as file:
                budget.copy(source, file)
                with zipfile.ZipFile(file) as wheel:
                    budget.unpack(wheel, site)
    if not wheels:
        raise _Wrong('it is no wheel, and has none')


class _Budget:
    """Limits what is unpacked; what an archive says of sizes is a claim."""

    def __init__(self) -> None:
        self._bytes = MAX_UNPACKED
        self._files = MAX_FILES

    def check(self, info: zipfile.ZipInfo) -> None:
        self._files -= 1
        if self._files < 0 or info.file_size > self._bytes:
            raise _Wrong(
                f'it unpacks to more than {MAX_FILES} files or '
                f'{MAX_UNPACKED} bytes'
            )

    def unpack(self, wheel: zipfile.ZipFile, site: pathlib.Path) -> None:
        for info, relative in _members(wheel):
            self.check(info)
            target = site / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            with wheel.open(info) as source, target.open('wb') as file:
                self.copy(source, file)

    def copy(self, source: IO[bytes], target: IO[bytes]) -> None:
        while chunk := source.read(_CHUNK):
            self._bytes -= len(chunk)
            if self._bytes < 0:
                raise _Wrong(f'it unpacks to more than {MAX_UNPACKED} bytes')
            target.write(chunk)


def _members(
    wheel: zipfile.ZipFile,
) -> Iterator[tuple[zipfile.ZipInfo, pathlib.PurePosixPath]]:
    """Yield the modules of a wheel, and where each belongs."""
    for info in wheel.infolist():
        path = pathlib.PurePosixPath(info.filename)
        if path.is_absolute() or '..' in path.parts or '\\' in info.filename:
            raise _Wrong(f'{info.filename!r} would be outside of it')
        if path.suffix == '.pth':
            raise _Wrong(f'{info.filename!r} would change the path of modules')
        if path.parts and path.parts[0].endswith('.data'):
            if path.parts[1:2] not in (('purelib',), ('platlib',)):
                continue
            path = pathlib.PurePosixPath(*path.parts[2:])
        if not info.is_dir():
            yield info, path


def _check(home: pathlib.Path, site: pathlib.Path) -> None:
    """Let the interpreter of an agent say whether the agent fits."""
    _run(
        [
            os.fspath(home / 'bin' / 'python'),
            '-P',
            os.fspath(_FITNESS),
            os.fspath(site),
        ]
    )


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            cwd='/',
            env=starting.clean(),
            timeout=_RUN_TIMEOUT,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        lines = error.output.strip().splitlines() or ['it does not run']
        raise _Wrong(masking.error(lines[-1], 1000)) from None
    except subprocess.TimeoutExpired:
        raise _Wrong(
            f'{command[0]} did not end within {_RUN_TIMEOUT} seconds'
        ) from None
