# SPDX-License-Identifier: Apache-2.0
"""What the tests with a real database server share."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import tempfile
from typing import Any

from oslo_config import cfg

from trove import conf as trove_conf
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import processes
from trove.tests import base
from trove.tests.fixtures import ports
from trove.tests.functional.guestagent import stores

_numbers = itertools.count(1)


def everyones_directory(case: type[base.TestCase]) -> pathlib.Path:
    """Make one for all tests of a class, which every user can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='trove-guest-'))
    case.addClassCleanup(shutil.rmtree, path, ignore_errors=True)
    path.chmod(0o755)
    return path


class Place:
    """Directories and an address for one guest, and its options.

    ``path`` can be entered by every user, unlike a usual temporary
    directory.

    :param store: the datastore
    """

    def __init__(self, store: Any = None) -> None:
        self.store = store or stores.PostgreSQL()
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='trove-guest-'))
        self.path.chmod(0o755)
        self.data_dir = self.path / 'volume' / 'data'
        self.state_dir = self.path / 'state'
        self.data_dir.parent.mkdir(mode=0o755)
        self.address = ports.own_address()
        self.guest_id = f'guest-{os.getpid()}-{next(_numbers)}'

    def options(self) -> dict[str, dict[str, Any]]:
        """By group, then by name."""
        return {
            'DEFAULT': {
                'guest_id': self.guest_id,
                'datastore_manager': self.store.name,
                'enable_secure_rpc_messaging': False,
            },
            'guestagent': {
                'bind_address': self.address,
                'data_dir': str(self.data_dir),
                'state_dir': str(self.state_dir),
                'memory_mb': 256,
            },
            self.store.name: self.store.options(self),
        }

    def apply(self, conf: cfg.ConfigOpts) -> None:
        for group, values in self.options().items():
            for name, value in values.items():
                conf.set_override(
                    name, value, None if group == 'DEFAULT' else group
                )

    def conf(self) -> cfg.ConfigOpts:
        """Options of their own, not the global ones."""
        conf = cfg.ConfigOpts()
        trove_conf.register_opts(conf)
        conf([], project='trove', default_config_files=[])
        self.apply(conf)
        return conf

    def write_config_file(self, **extra: object) -> pathlib.Path:
        """Write the options to a file for a process."""
        options = self.options()
        options['DEFAULT'] |= extra
        path = self.path / 'guest.conf'
        lines = []
        for group, values in options.items():
            lines.append(f'[{group}]')
            lines += [f'{name} = {value}' for name, value in values.items()]
        path.write_text('\n'.join(lines) + '\n')
        return path

    def connect(self, user: str, password: str, database: str) -> Any:
        """Connect as the customer does."""
        return self.store.connect(self.address, user, password, database)

    @contextlib.contextmanager
    def session(
        self, user: str, password: str, database: str
    ) -> Iterator[Any]:
        with contextlib.closing(
            self.connect(user, password, database)
        ) as connection:
            yield connection

    def can_connect(self, user: str, password: str, database: str) -> bool:
        try:
            self.connect(user, password, database).close()
        except self.store.error:
            return False
        return True

    def clean_up(self) -> None:
        """End every process of the database and remove its files."""
        for pid in processes.all_in(self.data_dir):
            processes.send(pid, signal.SIGKILL)
        ended = processes.wait_for(
            lambda: not processes.all_in(self.data_dir), 30
        )
        processes.is_child(0)  # takes note of those that ended
        shutil.rmtree(self.path, ignore_errors=True)
        assert ended, f'processes in {self.data_dir} do not end'


class GuestTestCase(base.TestCase):
    """A place of its own for each test."""

    store: Any = stores.PostgreSQL()

    def setUp(self) -> None:
        super().setUp()
        self.place = Place(self.store)
        self.addCleanup(self.place.clean_up)

    def driver(self) -> Any:
        """As a new agent would make it."""
        return self.store.driver(self.place.conf())


class ServerTestCase(base.TestCase):
    """A running server that the tests of a class share."""

    store: Any = stores.PostgreSQL()
    place: Place
    driver: Any

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.place = Place(cls.store)
        cls.addClassCleanup(cls.place.clean_up)
        cls.driver = cls.store.driver(cls.place.conf())
        cls.driver.prepare(datastores.Preparation(memory_mb=256))
        cls.addClassCleanup(cls.driver.stop)
