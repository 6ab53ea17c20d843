# SPDX-License-Identifier: Apache-2.0
"""All services in one process."""

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
from trove.common import datastores as kinds
from trove.common import exception
from trove.common import service
from trove.conductor import service as conductor_service
from trove.db import migration
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.mariadb import catalogue as of_mariadb
from trove.guestagent.datastores.mariadb import server as mariadb
from trove.guestagent.datastores.mysql import catalogue as of_mysql
from trove.guestagent.datastores.mysql import server as mysql
from trove.guestagent.datastores.postgresql import binaries
from trove.objects import database
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters
from trove.peers import telemetry
from trove.standalone import guests
from trove.standalone import projects
from trove.taskmanager import service as taskmanager_service

LOG = log.getLogger(__name__)

HOST = '127.0.0.1'
PORT = 8779
DATASTORE = 'postgresql'
PROJECT = 'demo'
USER = 'admin'

#: Written at each start; users add options to trove.conf beside it.
GENERATED = 'standalone.conf'
ADDED = 'trove.conf'

#: Written at the first start: with other keys, existing guests are lost.
KEYS = 'keys.conf'

_NOISY = 'oslo.messaging._drivers.impl_rabbit'

_CONFIGURATION = """\
# Written again at each start. Put changes into
# {added}.
[DEFAULT]
host = standalone
transport_url = kombu+memory://localhost/
auth_strategy = noauth
bind_host = {host}
bind_port = {port}
default_datastore = {datastore}
storage_strategy = local
log_file = {state_dir}/log/trove.log
use_stderr = false
graceful_shutdown_timeout = 10

[oslo_messaging_rabbit]
# The transport is in memory: there is no connection to lose.
heartbeat_timeout_threshold = 0
# A deleted reply queue does not come back, since its process has ended. A
# longer timeout would delay the stop.
kombu_missing_consumer_retry_timeout = 1

[database]
connection = sqlite:///{state_dir}/trove.sqlite

[cloud]
driver = local

[metrics]
in_api = true

[objectstore]
local_directory = {state_dir}/backups

[certificates]
driver = directory
directory = {state_dir}/certificates

[cloud_local]
state_dir = {state_dir}/cloud
# Clients send "is_public": true, and whoever is on this machine reaches all.
public_access = true
"""

_KEYS = """\
# Keys of the messages between the services. Without them the services cannot
# communicate with existing guests.
[DEFAULT]
taskmanager_rpc_encr_key = {}
inst_rpc_key_encr_key = {}
# The key of the contents of modules. Without it they cannot be read.
module_aes_cbc_key = {}
"""


def default_state_dir() -> pathlib.Path:
    return files.default_state_dir() / 'standalone'


def configure(
    conf: cfg.ConfigOpts,
    state_dir: pathlib.Path,
    port: int,
    more: str = '',
) -> None:
    """Create the state directory and set the options.

    :param port: of the API; 0 for any free port
    :param more: more options, as text of a configuration file
    :raises CloudError: the directory cannot be used
    """
    if '$' in str(state_dir):
        # oslo.config expands it as a reference, even in file names.
        raise exception.CloudError(
            action=f'use the state directory {state_dir}',
            reason='its name has a dollar sign. Choose another one with '
            '--state-dir',
        )
    with files.doing(f'use the state directory {state_dir}'):
        files.make_directory(state_dir)
        if files.is_root():
            files.check_reachable(state_dir)
        for name in 'log', 'certificates':
            files.make_directory(state_dir / name, 0o700)
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
                _KEYS.format(*(crypto.generate_key() for _ in range(3))),
            )
    arguments = []
    for name in GENERATED, KEYS:
        arguments += ['--config-file', str(state_dir / name)]
    if (state_dir / ADDED).exists():
        arguments += ['--config-file', str(state_dir / ADDED)]
    trove_conf.setup(conf, arguments, 'trove-standalone')
    # It warns at each connection that this transport is experimental.
    logging.getLogger(_NOISY).setLevel(logging.ERROR)


class System(service.Component):
    """API, task manager, conductor, and the guest agents.

    :param conf: set up by :func:`configure`
    :param on_ready: called when all of them have started
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
        """The URL of the API, including the project."""
        assert self._api is not None
        return f'http://{HOST}:{self._api.port}/v1.0/{PROJECT}'

    def start(self) -> None:
        """Start all of them, and the instances that ran before.

        :raises TroveError: one cannot start; the text has the remedy
        """
        conf = self._conf
        self._stack.enter_context(
            locks.sole(
                self.state_dir / 'lock',
                'Another trove-standalone is using the state directory '
                f'{self.state_dir}. Stop it, or choose another directory '
                'with --state-dir.',
            )
        )
        check_port(conf.bind_host, conf.bind_port)
        migration.sync(conf)
        database.configure(conf)
        self._stack.callback(database.dispose)
        register_datastores(conf)
        self._run(
            telemetry.watch(
                conf, 'trove-standalone', database=True, in_api=True
            )
        )
        # In this order they find each other. They are stopped in the reverse
        # order, so that the last reports of guests reach the conductor.
        self._run(conductor_service.Conductor(conf))
        self._stack.callback(self.guests.close)
        self._stack.callback(self.cloud.suspend)
        self._run(taskmanager_service.TaskManager(conf, self.cloud))
        self._api = api_service.API(
            conf, cloud=self.cloud, wrap=projects.Projects
        )
        self._run(self._api)
        if self._on_ready is not None:
            self._on_ready(self)

    def stop(self) -> None:
        """Stop all of them, and the instances; their data is kept."""
        self._stack.close()

    def reload(self) -> None:
        """Do nothing: options that may change are read at each use."""

    def _run(self, component: service.Component) -> None:
        self._stack.callback(component.stop)
        component.start()


def check_port(host: str, port: int) -> None:
    """Check that nothing listens on a port yet.

    :raises CloudError: the port is in use
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
                '. Stop the process on it, or choose another port with '
                '--port.',
            ) from error


def register_datastores(conf: cfg.ConfigOpts) -> list[str]:
    """Register the installed datastores, and return their versions.

    A version that was registered before and is no longer installed is kept
    for its instances, but new ones cannot be created.

    :raises ConfigurationError: PostgreSQL, the default, is not installed
    """
    found = binaries.find(
        conf.postgresql.bin_dir, conf.postgresql.staging_dir, None
    )
    registered = [
        _register('postgresql', found.major, binaries.catalogue(found))
    ]
    # Theirs are listed by a server that runs, so not by root.
    account = accounts.resolve(conf.guestagent.run_as)
    for server, catalogue in (mariadb, of_mariadb), (mysql, of_mysql):
        kind = server.KIND
        options = conf[kind.group]
        try:
            other = programs.find(
                kind,
                server.candidates(),
                options.bin_dir,
                options.staging_dir,
                account,
            )
            listed = catalogue.read(other, account)
        except exception.TroveError as error:
            LOG.info('%s is not offered: %s', kind.title, error)
            _retire(kind.group)
        else:
            registered.append(_register(kind.group, other.major, listed))
    return registered


def _register(name: str, version: str, listed: str) -> str:
    """Register a version as the default of its datastore.

    :param listed: what the database server lists of its parameters
    """
    datastores.save(name)
    saved = datastores.save_version(name, version, manager=name)
    settings = kinds.rules(name).settings
    parameters.save(saved.id, settings.read_catalogue(listed), only=True)
    datastores.save(name, version)
    _retire(name, version)
    return f'{name} {version}'


def _retire(name: str, but: str | None = None) -> None:
    """Allow no new instances of the other versions of a datastore."""
    known = {each.name: each.id for each in datastores.list_()}
    if name not in known:
        return
    for version in datastores.versions(known[name]):
        if version.name != but:
            datastores.save_version(
                name,
                version.name,
                manager=name,
                active=False,
                version=version.version,
            )
