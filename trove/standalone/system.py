# SPDX-License-Identifier: Apache-2.0
"""The services, put together in one process."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import logging
import os
import pathlib
import socket

from oslo_config import cfg
from oslo_log import log

from trove import conf as trove_conf
from trove.api import service as api_service
from trove.cloud import local
from trove.cloud.local import files
from trove.cloud.local import locks
from trove.common import crypto
from trove.common import exception
from trove.common import service
from trove.conductor import service as conductor_service
from trove.db import migration
from trove.guestagent.datastores.postgresql import binaries
from trove.objects import database
from trove.objects import datastore as datastores
from trove.peers import telemetry
from trove.standalone import guests
from trove.taskmanager import service as taskmanager_service

LOG = log.getLogger(__name__)

HOST = '127.0.0.1'
PORT = 8779
DATASTORE = 'postgresql'
PROJECT = 'demo'
USER = 'admin'

#: Written at each start; what the user adds goes into trove.conf beside it.
GENERATED = 'standalone.conf'
ADDED = 'trove.conf'

#: Written at the first start: with other keys the guests would be lost.
KEYS = 'keys.conf'

_NOISY = 'oslo.messaging._drivers.impl_rabbit'

_CONFIGURATION = """\
# Written anew at each start. To change something, write it into
# {added}.
[DEFAULT]
host = standalone
transport_url = kombu+memory://localhost/
auth_strategy = noauth
bind_host = {host}
bind_port = {port}
default_datastore = {datastore}
log_file = {state_dir}/log/trove.log
use_stderr = false
graceful_shutdown_timeout = 10

[oslo_messaging_rabbit]
# There is no connection that could be lost.
heartbeat_timeout_threshold = 0
# A queue for replies that is gone does not come back: who waited is closed.
# Else the stop would wait for it.
kombu_missing_consumer_retry_timeout = 1

[database]
connection = sqlite:///{state_dir}/trove.sqlite

[cloud]
driver = local

[metrics]
in_api = true

[cloud_local]
state_dir = {state_dir}/cloud
"""

_KEYS = """\
# Keys of the messages between the services. Removed, nobody understands the
# guests any more.
[DEFAULT]
taskmanager_rpc_encr_key = {}
inst_rpc_key_encr_key = {}
"""


def default_state_dir() -> pathlib.Path:
    return files.default_state_dir() / 'standalone'


def configure(
    conf: cfg.ConfigOpts,
    state_dir: pathlib.Path,
    port: int,
    more: str = '',
) -> None:
    """Make the state directory and set the options up.

    :param port: of the API; 0 for any that is free
    :param more: further settings, as text of a configuration file
    :raises CloudError: the directory cannot be used
    """
    if '$' in str(state_dir):
        # oslo.config takes it for a reference, even in names of files.
        raise exception.CloudError(
            action=f'use the state directory {state_dir}',
            reason='its name has a dollar sign. Choose another one with '
            '--state-dir',
        )
    with files.doing(f'use the state directory {state_dir}'):
        files.make_directory(state_dir)
        if files.is_root():
            files.check_reachable(state_dir)
        files.make_directory(state_dir / 'log', 0o700)
        files.write(
            state_dir / GENERATED,
            _CONFIGURATION.format(
                added=state_dir / ADDED,
                host=HOST,
                port=port,
                datastore=DATASTORE,
                state_dir=state_dir,
            )
            + more,
        )
        if not (state_dir / KEYS).exists():
            files.write(
                state_dir / KEYS,
                _KEYS.format(crypto.generate_key(), crypto.generate_key()),
            )
    arguments = []
    for name in GENERATED, KEYS:
        arguments += ['--config-file', str(state_dir / name)]
    if (state_dir / ADDED).exists():
        arguments += ['--config-file', str(state_dir / ADDED)]
    trove_conf.setup(conf, arguments, 'trove-standalone')
    # It says at each connection that this transport is experimental.
    logging.getLogger(_NOISY).setLevel(logging.ERROR)


class System(service.Component):
    """API, task manager, conductor, and the guest agents.

    :param conf: set up by :func:`configure`
    :param on_ready: called when all of them work
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        state_dir: pathlib.Path,
        on_ready: Callable[[System], object] | None = None,
    ) -> None:
        self.state_dir = state_dir
        self._conf = conf
        self._on_ready = on_ready
        self._stack = contextlib.ExitStack()
        self._api: api_service.API | None = None
        self.guests = guests.GuestThreads(conf)
        self.cloud = local.LocalCloud(conf, self.guests)

    @property
    def endpoint(self) -> str:
        """The URL of the API, project included."""
        assert self._api is not None
        return f'http://{HOST}:{self._api.port}/v1.0/{PROJECT}'

    def start(self) -> None:
        """Start all of them, and the instances that ran before.

        :raises TroveError: something is in the way; the text says what
        """
        conf = self._conf
        self._stack.enter_context(
            locks.sole(
                self.state_dir / 'lock',
                'Another trove-standalone uses the state directory '
                f'{self.state_dir}. Stop it, or choose another directory '
                'with --state-dir.',
            )
        )
        check_port(conf.bind_host, conf.bind_port)
        migration.sync(conf)
        database.configure(conf)
        self._stack.callback(database.dispose)
        register_datastore(conf)
        self._run(
            telemetry.watch(
                conf, 'trove-standalone', database=True, in_api=True
            )
        )
        # In this order they find each other, and are stopped in the other:
        # the guests' last reports still reach the conductor.
        self._run(conductor_service.Conductor(conf))
        self._stack.callback(self.guests.close)
        self._stack.callback(self.cloud.suspend)
        self._run(taskmanager_service.TaskManager(conf, self.cloud))
        self._api = api_service.API(conf, cloud=self.cloud)
        self._run(self._api)
        if self._on_ready is not None:
            self._on_ready(self)

    def stop(self) -> None:
        """Stop all of them, and the instances; their data stay."""
        self._stack.close()

    def reload(self) -> None:
        """Options that may change are read by their users each time."""

    def _run(self, component: service.Component) -> None:
        self._stack.callback(component.stop)
        component.start()


def check_port(host: str, port: int) -> None:
    """Check that nothing listens there yet.

    :raises CloudError: something does
    """
    if port == 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise exception.CloudError(
                action='start the API',
                reason=f'{host} port {port}: {os.strerror(error.errno or 0)}'
                '. Stop what listens there, or choose another port with '
                '--port.',
            ) from error


def register_datastore(conf: cfg.ConfigOpts) -> str:
    """Register the PostgreSQL that is installed, and return its version.

    A version that was registered before and is no longer installed stays,
    for its instances, but no new ones can be made of it.

    :raises ConfigurationError: none is installed
    """
    found = binaries.find(
        conf.postgresql.bin_dir, conf.postgresql.staging_dir, None
    )
    name = str(found.major)
    datastores.save(DATASTORE)
    datastores.save_version(DATASTORE, name, manager=DATASTORE)
    datastore = datastores.save(DATASTORE, name)
    for version in datastores.versions(datastore.id):
        if version.name != name:
            datastores.save_version(
                DATASTORE,
                version.name,
                manager=DATASTORE,
                active=False,
                version=version.version,
            )
    return name
