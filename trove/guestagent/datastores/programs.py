# SPDX-License-Identifier: Apache-2.0
"""Finds the programs of a database server, and copies them if necessary."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import glob
import hashlib
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

#: The versions of servers that could be executed, by path, account and state.
_probed: dict[tuple[object, ...], tuple[int, ...]] = {}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of database server.

    :param title: its name
    :param group: the options ``bin_dir`` and ``staging_dir`` are in it
    :param server: the program that is the server
    :param maker: the program that makes a database
    :param version: finds the numbers in what the server says of its version
    :param major: how many of them name versions that share their data
    :param install: what to do when there is none, for the error
    """

    title: str
    group: str
    server: str
    maker: str
    version: re.Pattern[str]
    major: int
    install: str

    def parse(self, text: str) -> tuple[int, ...] | None:
        """Parse the output of ``--version``."""
        found = self.version.search(text)
        if found is None:
            return None
        return tuple(int(part or 0) for part in found.groups())

    def wrong_version(
        self, ordered: str, found: str
    ) -> exception.DatastoreError:
        """Return the error for a server without the ordered version."""
        return exception.DatastoreError(
            action=f'run {self.title} {ordered}, which was ordered',
            reason=f'this server has {self.title} {found}. Order a datastore '
            'version of that number; or give the ordered version an image, '
            f'or in the option [{self.group}] bin_dir a directory, that has '
            'it.',
        )


@dataclasses.dataclass(frozen=True)
class Programs:
    """An installation of a database server.

    :param directory: with the program that is the server
    :param version: (18, 6) for 18.6
    """

    kind: Kind
    directory: pathlib.Path
    version: tuple[int, ...]

    @property
    def major(self) -> str:
        """Return the part of the version that the data depend on."""
        return '.'.join(map(str, self.version[: self.kind.major]))

    @property
    def text(self) -> str:
        return '.'.join(map(str, self.version))

    def program(self, name: str) -> str:
        """Return the path of a program."""
        return os.fspath(locate(self.directory, name))


def locate(directory: pathlib.Path, name: str) -> pathlib.Path:
    """Return where a program is.

    Packages of the system put servers into ``sbin`` and tools into the
    ``bin`` beside it.
    """
    path = directory / name
    beside = directory.parent / 'bin' / name
    if directory.name == 'sbin' and not path.exists() and beside.exists():
        return beside
    return path


def find(
    kind: Kind,
    directories: Iterable[pathlib.Path],
    bin_dir: str | None,
    staging_dir: str,
    account: accounts.Account | None,
    major: str | None = None,
    ordered: str | None = None,
) -> Programs:
    """Find an installation; copy it if ``account`` cannot execute it.

    :param directories: that may have it, preferred first
    :param bin_dir: the only directories to search, unless None
    :param staging_dir: the parent directory of copies
    :param account: the user that runs the programs; None for the agent's own
    :param major: the major version of existing data
    :param ordered: the version of the datastore version; for existing data
        one of the same major version will do
    :raises trove.common.exception.ConfigurationError: none is found
    """
    seen = []
    fallback = None
    for directory in _named(bin_dir) if bin_dir else directories:
        # What the account can execute need not be tried for the agent.
        found = _probe(kind, directory, account) or _probe(kind, directory)
        if found is None or not locate(directory, kind.maker).exists():
            continue
        if major is None and not order.fits(found.text, ordered):
            seen.append(f'{found.text} in {directory}')
            continue
        if major is not None and found.major != major:
            seen.append(f'{directory} (version {found.major})')
            continue
        if not order.fits(found.text, ordered):
            fallback = fallback or found
            continue
        return reachable(found, pathlib.Path(staging_dir), account)
    if fallback is not None:
        return reachable(fallback, pathlib.Path(staging_dir), account)
    if major is None and seen:
        raise kind.wrong_version(str(ordered), ', '.join(seen))
    wanted = kind.title if major is None else f'{kind.title} {major}'
    raise exception.ConfigurationError(
        option=f'[{kind.group}] bin_dir',
        value=bin_dir or '',
        remedy=f'{wanted} is not found'
        + (f', only {", ".join(seen)}' if seen else '')
        + f'. {kind.install}, or set the directory of its programs.',
    )


def _named(bin_dir: str) -> list[pathlib.Path]:
    """Return the directories of an option, the last ones first."""
    found = sorted(map(pathlib.Path, glob.glob(bin_dir)), reverse=True)
    return found or [pathlib.Path(bin_dir)]


def _probe(
    kind: Kind,
    directory: pathlib.Path,
    account: accounts.Account | None = None,
) -> Programs | None:
    """Return the installation, if its programs can be executed.

    One that could be is not tried again until its server changes: a server
    takes some 0.02 s to say its version.
    """
    server = os.fspath(directory / kind.server)
    try:
        status = os.stat(server)
        seen = (server, account, status.st_ino, status.st_ctime_ns)
        if seen not in _probed:
            done = subprocess.run(
                [server, '--version'],
                capture_output=True,
                text=True,
                cwd='/',
                timeout=30,
                **(account.process_options() if account else {}),
            )
            version = kind.parse(done.stdout) if not done.returncode else None
            if version is None:
                return None
            _probed[seen] = version
    except (OSError, subprocess.SubprocessError):
        return None
    return Programs(kind, directory, _probed[seen])


def reachable(
    found: Programs,
    staging_dir: pathlib.Path,
    account: accounts.Account | None,
) -> Programs:
    """Return programs that ``account`` can execute: these, or a copy."""
    if account is None or _probe(found.kind, found.directory, account):
        return found
    staged = stage(found, staging_dir)
    if _probe(found.kind, staged.directory, account) is None:
        barrier = account.barrier(staged.directory / found.kind.server)
        raise exception.ConfigurationError(
            option=f'[{found.kind.group}] staging_dir',
            value=staging_dir,
            remedy=f'user {account.name} cannot execute programs there'
            + (f': the user cannot enter {barrier}' if barrier else '')
            + '. Set a directory that every user can enter and that is not '
            'mounted noexec.',
        )
    return staged


def stage(found: Programs, staging_dir: pathlib.Path) -> Programs:
    """Copy an installation for all users, once per version.

    Several agents may copy at the same time: each to a temporary directory,
    and the first to rename it wins.

    :raises trove.common.exception.ConfigurationError: a copy would be one
        of much else, too
    """
    prefix = _prefix(found, staging_dir)
    target = staging_dir / _stage_name(found)
    copied = target / prefix.parent.name / prefix.name
    staged = copied / found.directory.relative_to(prefix)
    if staged.exists():
        return dataclasses.replace(found, directory=staged)
    LOG.info(
        'Copying %s %s from %s to %s, where the user that runs it can '
        'execute it',
        found.kind.title,
        found.text,
        prefix,
        target,
    )
    staging_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=staging_dir, prefix='.copy-'))
    try:
        _copy(prefix, work / prefix.parent.name / prefix.name)
        # The programs of a wheel find libraries beside the package by a
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
    return dataclasses.replace(found, directory=staged)


def _prefix(found: Programs, staging_dir: pathlib.Path) -> pathlib.Path:
    """Return the directory of the whole installation, and of nothing else.

    Programs in ``bin`` have libraries and data beside it; those in any other
    directory share its parent with who knows what.
    """
    directory = found.directory
    prefix = directory
    if directory.name in ('bin', 'sbin', 'libexec'):
        prefix = directory.parent
    if os.fspath(prefix) in ('/', '/usr', '/usr/local') or (
        staging_dir.resolve().is_relative_to(prefix.resolve())
    ):
        raise exception.ConfigurationError(
            option=f'[{found.kind.group}] bin_dir',
            value=directory,
            remedy='the user of the databases cannot execute the programs '
            f'there, and {prefix} has more in it than can be copied. Allow '
            'the user to, or install them into a directory of their own.',
        )
    return prefix


def _stage_name(found: Programs) -> str:
    """Return a name that changes with the programs."""
    server = (found.directory / found.kind.server).stat()
    key = f'{found.directory}:{server.st_size}:{server.st_mtime_ns}'
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return f'{found.kind.group}-{found.text}-{digest}'


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
