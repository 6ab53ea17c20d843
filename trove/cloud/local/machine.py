# SPDX-License-Identifier: Apache-2.0
"""This machine as a cloud: what the parts of the driver share."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import copy
import pathlib
import pwd
import signal
from typing import Any

from oslo_config import cfg
from stevedore import driver
from stevedore import exception as stevedore_exception

from trove.cloud.local import addresses
from trove.cloud.local import files
from trove.cloud.local import flavors
from trove.cloud.local import home as homes
from trove.cloud.local import launcher as launchers
from trove.cloud.local import locks
from trove.cloud.local import processes
from trove.common import exception

LAUNCHERS = 'trove.cloud.local.launcher'


def load_launcher(conf: cfg.ConfigOpts) -> launchers.Launcher:
    """Return the launcher that ``[cloud_local] launcher`` names.

    :raises ConfigurationError: no installed package offers it
    """
    name = conf.cloud_local.launcher
    try:
        manager: driver.DriverManager[Any] = driver.DriverManager(
            LAUNCHERS, name
        )
    except stevedore_exception.NoMatches as error:
        raise exception.ConfigurationError(
            option='[cloud_local] launcher',
            value=name,
            remedy='no installed package provides this launcher. Use '
            '"process".',
        ) from error
    cls: Any = manager.driver
    launcher: launchers.Launcher = cls(conf)
    return launcher


class Machine:
    """This machine: what the parts of the driver share."""

    def __init__(
        self, conf: cfg.ConfigOpts, launcher: launchers.Launcher | None
    ) -> None:
        self.conf = conf
        options = conf.cloud_local
        self.state_dir = (
            pathlib.Path(options.state_dir).resolve()
            if options.state_dir
            else files.default_state_dir().resolve()
        )
        self.flavors = flavors.parse(options.flavor)
        self.network = addresses.parse_network(options.network)
        self.launcher = launcher or load_launcher(conf)
        #: See :meth:`trove.cloud.base.Cloud.fenced`.
        self.check: Callable[[], None] = lambda: None

    def fenced(self, check: Callable[[], None]) -> Machine:
        fenced = copy.copy(self)
        fenced.check = check
        return fenced

    @property
    def addresses(self) -> addresses.Addresses:
        options = self.conf.cloud_local
        return addresses.Addresses(
            self.state_dir, str(self.network), options.probe_port
        )

    def home(self, instance_id: str) -> homes.Home:
        return homes.Home(self.state_dir, instance_id)

    def prepare(self) -> None:
        """Make the state directory and what is always in it."""
        for name in ('servers', 'volumes', 'locks', 'staging'):
            files.make_directory(self.state_dir / name)
        if files.is_root():
            files.check_reachable(self.state_dir)

    @contextlib.contextmanager
    def changing(
        self, instance_id: str, action: str, *, gone: bool = False
    ) -> Iterator[homes.Home]:
        """Hold the lock of an instance while it is changed.

        :param gone: nothing of it may be left afterwards, so the lock goes
            as well
        """
        home = self.home(instance_id)
        with files.doing(f'{action} of instance {instance_id}'):
            self.prepare()
            with locks.held(home.lock, remove=gone):
                # A process that is stopped holds its lock, so whoever takes
                # its work over changes things after it, and not before.
                self.check()
                yield home

    def database_user(self) -> str:
        """Return the user that the database of a new server shall run as.

        :raises ConfigurationError: it is needed and does not exist
        """
        name: str = self.conf.cloud_local.run_as
        if files.is_root():
            try:
                pwd.getpwnam(name)
            except KeyError:
                raise exception.ConfigurationError(
                    option='[cloud_local] run_as',
                    value=name,
                    remedy='this machine has no such user. Set another one, '
                    f'or create it: useradd --system --no-create-home {name}',
                ) from None
        return name

    def start(self, home: homes.Home) -> bool:
        """Boot a server; False when it runs already."""
        if self.launcher.alive(home):
            return False
        home.boot()
        self.launcher.start(home)
        return True

    def stop(self, home: homes.Home, *, gone: bool = False) -> None:
        """End the guest agent, then whatever else runs on the server.

        :param gone: its data go as well, so nothing need be saved
        """
        timeout = 0.0 if gone else self.conf.cloud_local.stop_timeout
        if home.run.is_dir():
            self.launcher.stop(home, timeout)
        processes.end(
            lambda: processes.belonging_to(home.root, home.volume),
            _immediate if gone else _orderly,
            max(timeout, 3.0),
        )


def _orderly(identity: processes.Identity) -> signal.Signals:
    # SIGTERM would let PostgreSQL wait for its clients to leave.
    if processes.name(identity) == 'postgres':
        return signal.SIGINT
    return signal.SIGTERM


def _immediate(identity: processes.Identity) -> signal.Signals:
    # PostgreSQL gives its shared memory back; killed, it could not.
    if processes.name(identity) == 'postgres':
        return signal.SIGQUIT
    # MariaDB and MySQL have none, and would write all down first.
    if processes.name(identity) in ('mariadbd', 'mysqld'):
        return signal.SIGKILL
    return signal.SIGTERM
