# SPDX-License-Identifier: Apache-2.0
"""The database on the disk.

Its creation may begin before the rest of the agent is loaded: import nothing
heavy here.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import fcntl
import logging
import os
import pathlib
import secrets
import shutil
import threading
from typing import Any
from typing import ClassVar
from typing import Generic
from typing import TypeVar

from oslo_config import cfg

from trove.common import exception
from trove.common import ordered as order
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores import programs
from trove.guestagent.datastores import server as servers

LOG = logging.getLogger(__name__)

#: Content of the mark file while this process creates a database.
_MADE = f'made by {secrets.token_hex(8)}'

S = TypeVar('S', bound=servers.Server)


class Home(abc.ABC, Generic[S]):
    """Directories and programs of the database, and its creation.

    :param conf: uses the group ``guestagent`` and that of the datastore; the
        programs are searched for at their first use
    :param port: of the database server
    """

    #: Kind of its programs; their group is the datastore's name.
    kind: ClassVar[programs.Kind]
    #: The data directory when no option names one.
    default_data_dir: ClassVar[str]
    #: In the data directory of each complete database.
    witness: ClassVar[str]

    def __init__(self, conf: cfg.ConfigOpts, port: int) -> None:
        self.conf = conf
        options = conf.guestagent
        self.data_dir = pathlib.Path(
            os.path.realpath(options.data_dir or self.default_data_dir)
        )
        #: On the volume: what is there outlasts the server.
        self.kept_dir = self.data_dir.parent
        #: Likewise, for what is removed when it was used.
        self.scratch_dir = self.kept_dir / '.trove-scratch'
        self.state_dir = pathlib.Path(options.state_dir).absolute()
        self.account = accounts.resolve(options.run_as)
        self.endpoint = servers.Endpoint(options.bind_address, port)
        name = self.kind.group
        self._options = conf[name]
        self._secret = self.state_dir / f'{name}-password'
        self._mark = self.state_dir / 'initializing'
        self._server: S | None = None
        self._used = self.state_dir / f'{name}-version'
        self._ordered: str | None = self._noted(0) or conf.datastore_version
        self._finding = threading.Lock()
        files.private_directory(self.state_dir, self.account)
        self.config_dir = self.state_dir / name
        self.log_file = self.state_dir / f'{name}-start.log'

    @abc.abstractmethod
    def make_server(self, found: programs.Programs) -> S:
        """Return the database server for these programs."""

    @abc.abstractmethod
    def candidates(self) -> Iterator[pathlib.Path]:
        """Yield directories that may have the programs, preferred first."""

    @abc.abstractmethod
    def data_major(self) -> str | None:
        """Return the version that the data need; None for any."""

    def require(self, ordered: str | None) -> None:
        """Check that the server has the ordered version.

        Without data yet, programs of this version are searched for.

        :raises trove.common.exception.DatastoreError: it has not
        """
        if ordered and not self._has_data():
            with self._finding:
                self._ordered, self._server = ordered, None
        found = self.server().programs
        if not order.fits(found.text, ordered):
            raise self.kind.wrong_version(str(ordered), found.text)

    def installed(self, version: str) -> programs.Programs:
        """Find the programs of a version that can use the data.

        :raises trove.common.exception.TroveError: there are none
        """
        found = self._find(version)
        if not order.fits(found.text, version):
            raise exception.DatastoreError(
                action=f'run version {version}',
                reason=f'of those that can use the data, {found.text} is '
                'installed.',
            )
        return found

    def use(self, version: str, former: str = '') -> None:
        """Run the programs of a version from now on.

        :param former: to return to if they do not start
        """
        files.write(self._used, f'{version}\n{former}\n')
        with self._finding:
            self._ordered, self._server = version, None

    @property
    def former_version(self) -> str | None:
        """Return the version to go back to, until the new one runs."""
        return self._noted(1)

    def _noted(self, line: int) -> str | None:
        try:
            lines = self._used.read_text(encoding='utf-8').splitlines()
        except FileNotFoundError:
            return None
        return lines[line] or None

    def initialize(self) -> None:
        """Create the database unless it exists.

        It can be used at once, but is durable after :meth:`settle` only.
        Until then a mark file in the state directory names the agent that
        creates it. The mark of another agent means that that agent or its
        machine died meanwhile, and that the data directory is incomplete.

        :raises trove.common.exception.DatastoreError: the directory has
            data that the agent did not create
        """
        with self._locked('initialize'):
            if self._is_there():
                return
            self._make_directory()
            password = passwords.generate(
                self._options.default_password_length
            )
            files.write(self._secret, password)
            self.server().initialize(password)
            files.write(self._mark, _MADE, durable=False)

    @contextlib.contextmanager
    def restoring(self, password: str | None = None) -> Iterator[str]:
        """Have the files of the database made within the context.

        What this agent made before is removed. Until the end a mark says
        that the database is not complete, as with :meth:`initialize`.

        :param password: that the administrator has, of a replica
        :returns: the password that the administrator is to have
        :raises trove.common.exception.DatastoreError: the directory holds
            something that is not ours
        """
        with self._locked('initialize'):
            if self._secret.exists():
                files.write(self._mark, '')
            self._make_directory()
            if password is None:
                password = passwords.generate(
                    self._options.default_password_length
                )
            files.write(self._secret, password)
            try:
                yield password
            except BaseException:
                shutil.rmtree(self.data_dir, ignore_errors=True)
                raise
            files.write(self._mark, _MADE)

    def take_over(self, reset: Callable[[str], None]) -> None:
        """Make the database of another agent ours, unless it is.

        :param reset: is given the new password of the administrator
        :raises trove.common.exception.DatastoreError: there is none
        """
        with self._locked('initialize'):
            if not self._secret.exists() and self._has_data():
                password = passwords.generate(
                    self._options.default_password_length
                )
                reset(password)
                # Last: until then the same order does it again.
                files.write(self._secret, password)
        self.require_data()

    def keep_password(self, password: str) -> None:
        """Keep the password that the administrator has at the primary."""
        if password != self.password():
            passwords.replace(self._secret, password)

    def passwords(self) -> list[str]:
        """Return those that the administrator may have, newest first."""
        return [self.password(), *passwords.former(self._secret)]

    @property
    def is_foreign(self) -> bool:
        """Whether there is a database that this agent does not know."""
        return self._has_data() and not (
            self._secret.exists() or self._mark.exists()
        )

    def settle(self) -> None:
        """Make the new database durable.

        This takes a while, in which the server can be used already.
        """
        with self._locked('settle'):
            if self._mark.exists():
                self.server().sync()
                self._mark.unlink()
                files.sync_directory(self.state_dir)

    def _has_data(self) -> bool:
        return (self.data_dir / self.witness).exists()

    def require_data(self) -> None:
        """Check that the data is where it was created.

        Started without it, a server would create new data.

        :raises trove.common.exception.DatastoreError: it is not
        """
        if not self._has_data():
            raise exception.DatastoreError(
                action='find its data',
                reason=f'there is no longer a database in '
                f'{self.data_dir}. Mount its volume. Only to give up the '
                f'data, delete {self._secret}.',
            )

    def _is_there(self) -> bool:
        if self._mark.exists():
            return self._mark.read_text() == _MADE
        found = self._has_data()
        known = self._secret.exists()
        if known:
            self.require_data()
        if found and not known:
            raise exception.DatastoreError(
                action='create a database',
                reason=f'{self.data_dir} has one that this agent did not '
                f'create. Move it away, or restore {self.state_dir} of the '
                'agent.',
            )
        return found

    @contextlib.contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        """Exclude other threads and processes."""
        path = self.state_dir / f'{what}.lock'
        with open(path, 'w', opener=files.private) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _make_directory(self) -> None:
        """Create an empty data directory, and the mark file."""
        if self._mark.exists():
            shutil.rmtree(self.data_dir, ignore_errors=True)
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.data_dir.iterdir()):
            raise exception.DatastoreError(
                action='create a database',
                reason=f'{self.data_dir} is not empty. Move away what is in '
                'it.',
            )
        self.data_dir.chmod(0o700)
        files.write(self._mark, '')
        if self.account is None:
            return
        self.account.own(self.data_dir)
        for path in (self.data_dir, self.config_dir):
            barrier = self.account.barrier(path)
            if barrier is not None:
                raise exception.DatastoreError(
                    action='create a database',
                    reason=f'user {self.account.name} cannot enter '
                    f'{barrier}, a parent of {path}. Permit it (chmod o+x), '
                    'or set another directory in the options.',
                )

    def make_scratch(self) -> pathlib.Path:
        """Return an empty directory on the volume, of the server's user."""
        self.drop_scratch()
        self.scratch_dir.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(self.scratch_dir)
        return self.scratch_dir

    def drop_scratch(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.scratch_dir, ignore_errors=True)

    def server(self) -> S:
        """Return the server, with the programs for its data."""
        with self._finding:
            if self._server is None:
                self._server = self.make_server(self._find(self._ordered))
            return self._server

    def _find(self, ordered: str | None) -> programs.Programs:
        return self._search(
            ordered, None if self._mark.exists() else self.data_major()
        )

    def _search(
        self, ordered: str | None, major: str | None
    ) -> programs.Programs:
        """Find programs.

        :param major: the version that the data need; None for any
        :raises trove.common.exception.TroveError: there are none
        """
        return programs.find(
            self.kind,
            self.candidates(),
            self._options.bin_dir,
            self._options.staging_dir,
            self.account,
            major,
            ordered,
        )

    def password(self) -> str:
        """Return the password of the administrator.

        :raises trove.common.exception.DatastoreError: there is none yet
        """
        try:
            return self._secret.read_text(encoding='utf-8')
        except FileNotFoundError:
            raise exception.DatastoreError(
                action='answer', reason='it is not prepared yet.'
            ) from None


def find_ahead(
    find: Callable[[cfg.ConfigOpts], Home[Any]], conf: cfg.ConfigOpts
) -> Home[Any] | None:
    """Find the programs of a database that may be created in advance.

    :returns: None if it may not
    """
    with _in_advance():
        home = find(conf)
        # One of a former machine: what is to be done with it is an order.
        if not home.is_foreign:
            home.server()
            return home
    return None


def make_ahead(home: Home[Any]) -> None:
    """Create the database before it is ordered."""
    with _in_advance():
        home.initialize()
        home.settle()


@contextlib.contextmanager
def _in_advance() -> Iterator[None]:
    """Log errors only: the order retries and reports them."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        LOG.warning(
            'Could not create the database in advance: %s Retrying when the '
            'instance is prepared.',
            error,
        )
