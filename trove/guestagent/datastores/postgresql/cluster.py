# SPDX-License-Identifier: Apache-2.0
"""The cluster of databases on the disk: made once, found again.

This is all that is needed to make it, which may have to begin before the
rest of the agent is loaded: import nothing heavy here.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import fcntl
import logging
import os
import pathlib
import secrets
import shutil
import threading

from oslo_config import cfg

from trove.common import exception
from trove.common import ordered as order
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files
from trove.guestagent.datastores import passwords
from trove.guestagent.datastores.postgresql import binaries
from trove.guestagent.datastores.postgresql import server as servers

LOG = logging.getLogger(__name__)

#: What this agent writes into the mark when it has made a cluster.
_MADE = f'made by {secrets.token_hex(8)}'


class Cluster:
    """Where the cluster is, who runs it, and how it comes to be.

    :param conf: uses the groups ``guestagent`` and ``postgresql``; the
        programs are looked for when they are first needed
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        options = conf.guestagent
        self.data_dir = pathlib.Path(os.path.realpath(options.data_dir))
        self.state_dir = pathlib.Path(options.state_dir).absolute()
        self.account = accounts.resolve(options.run_as)
        self.endpoint = servers.Endpoint(
            options.bind_address, conf.postgresql.postgresql_port
        )
        self._secret = self.state_dir / 'postgresql-password'
        self._mark = self.state_dir / 'initializing'
        self._server: servers.Server | None = None
        self._ordered: str | None = conf.datastore_version
        self._finding = threading.Lock()
        files.private_directory(self.state_dir, self.account)
        self.config_dir = self.state_dir / 'postgresql'

    def require(self, ordered: str | None) -> None:
        """Return when the server is of the version that was ordered.

        Before there are data, programs of this version are looked for.

        :raises trove.common.exception.DatastoreError: it is not
        """
        if ordered and not (self.data_dir / 'PG_VERSION').exists():
            with self._finding:
                self._ordered, self._server = ordered, None
        found = self.server().programs
        if not order.fits(found.text, ordered):
            raise binaries.wrong_version(str(ordered), found.text)

    def initialize(self) -> None:
        """Make the cluster unless it is there.

        It may be used at once, but not relied on before :meth:`settle`. Until
        then a mark in the state directory says that it is being made, and by
        which agent. If that of another is found, the agent or its machine
        died meanwhile, and what there is in the data directory is of no use
        to anybody.

        :raises trove.common.exception.DatastoreError: the directory holds
            something that is not ours
        """
        with self._alone('initialize'):
            if self._is_there():
                return
            self._make_directory()
            password = passwords.generate(
                self._conf.postgresql.default_password_length
            )
            files.write(self._secret, password)
            self.server().initialize(password)
            files.write(self._mark, _MADE, durable=False)

    def settle(self) -> None:
        """Make sure that the new cluster survives a crash of the machine.

        This takes a while, in which the server can be used already.
        """
        with self._alone('settle'):
            if self._mark.exists():
                self.server().sync()
                self._mark.unlink()
                files.sync_directory(self.state_dir)

    def _is_there(self) -> bool:
        if self._mark.exists():
            return self._mark.read_text() == _MADE
        found = (self.data_dir / 'PG_VERSION').exists()
        known = self._secret.exists()
        if known and not found:
            raise exception.DatastoreError(
                action='find its data',
                reason=f'{self.data_dir} had a database cluster and has '
                'none any more. Mount its volume. Only if the data is to be '
                f'given up, delete {self._secret}.',
            )
        if found and not known:
            raise exception.DatastoreError(
                action='make a new database cluster',
                reason=f'{self.data_dir} has one already that this agent '
                f'did not make. Move it away, or give {self.state_dir} '
                'back to the agent.',
            )
        return found

    @contextlib.contextmanager
    def _alone(self, what: str) -> Iterator[None]:
        """Keep every other thread and process from doing it too."""
        path = self.state_dir / f'{what}.lock'
        with open(path, 'w', opener=files.private) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _make_directory(self) -> None:
        """Make an empty data directory, and the mark."""
        if self._mark.exists():
            shutil.rmtree(self.data_dir, ignore_errors=True)
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.data_dir.iterdir()):
            raise exception.DatastoreError(
                action='make a new database cluster',
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
                    action='make a new database cluster',
                    reason=f'user {self.account.name} cannot enter '
                    f'{barrier} on the way to {path}. Permit it (chmod o+x), '
                    'or name another directory in the options.',
                )

    def server(self) -> servers.Server:
        """The server, with the programs that fit to its data."""
        with self._finding:
            if self._server is None:
                self._server = self._find()
            return self._server

    def _find(self) -> servers.Server:
        options = self._conf.postgresql
        return servers.Server(
            binaries.find(
                options.bin_dir,
                options.staging_dir,
                self.account,
                self._major(),
                self._ordered,
            ),
            self.data_dir,
            self.config_dir,
            self.state_dir / 'postgresql-start.log',
            self.endpoint,
            self.account,
        )

    def _major(self) -> int | None:
        if self._mark.exists():
            return None
        try:
            text = files.read_foreign(self.data_dir / 'PG_VERSION')
            return int(text.split('.')[0])
        except (FileNotFoundError, ValueError):
            return None

    def password(self) -> str:
        """The password of the superuser.

        :raises trove.common.exception.DatastoreError: there is none yet
        """
        try:
            return self._secret.read_text(encoding='utf-8')
        except FileNotFoundError:
            raise exception.DatastoreError(
                action='answer', reason='it is not prepared yet.'
            ) from None


def initialize(conf: cfg.ConfigOpts) -> None:
    """Make the cluster before it is ordered.

    Errors are left to the order, which tries again and reports them.
    """
    try:
        cluster = Cluster(conf)
        cluster.initialize()
        cluster.settle()
    except Exception as error:  # noqa: BLE001
        LOG.warning(
            'The database cluster could not be made ahead: %s It is tried '
            'again when the instance is prepared.',
            error,
        )
