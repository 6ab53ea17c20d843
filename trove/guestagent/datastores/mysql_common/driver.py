# SPDX-License-Identifier: Apache-2.0
"""The common part of the drivers of MySQL and MariaDB."""

from __future__ import annotations

import abc
from collections.abc import Sequence
import logging
import re
from typing import Any
from typing import ClassVar

from oslo_config import cfg
import pymysql

from trove.common import exception
from trove.common.datastores import mysql_settings
from trove.guestagent.datastores import base
from trove.guestagent.datastores import certificates
from trove.guestagent.datastores import files
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import logs as log_files
from trove.guestagent.datastores import settings as stored
from trove.guestagent.datastores import sql
from trove.guestagent.datastores import tls
from trove.guestagent.datastores.mysql_common import config
from trove.guestagent.datastores.mysql_common import connection as connections
from trove.guestagent.datastores.mysql_common import databases
from trove.guestagent.datastores.mysql_common import root
from trove.guestagent.datastores.mysql_common import server as servers
from trove.guestagent.datastores.mysql_common import users

LOG = logging.getLogger(__name__)

#: Accounts of the server itself, of agents and of replicas.
_OPENINGS = """
SELECT User, Host FROM mysql.user
WHERE User = 'root' AND Host = 'localhost'
   OR User = 'os_admin' AND Host <> 'localhost'
   OR User = 'healthcheck' OR LEFT(User, 6) = 'slave_'
"""

#: Files of logs, in the data directory.
_GENERAL = 'general.log'
_SLOW = 'slow_query.log'
#: Files that no other server may have, in the data directory.
_OF_THE_SERVER = 'auto.cnf', certificates.KEY, certificates.CERTIFICATE
#: What is flushed to have the server open the file of a log again.
_FLUSHED = {
    'general': 'GENERAL LOGS',
    'slow_query': 'SLOW LOGS',
    'error': 'ERROR LOGS',
}

#: How users have to connect, by the mode of the encryption.
_REQUIRED = {
    None: 'REQUIRE NONE',
    tls.OFF: 'REQUIRE NONE',
    tls.BASIC: 'REQUIRE NONE',
    tls.ENFORCED: 'REQUIRE SSL',
    tls.MUTUAL: 'REQUIRE X509',
}

#: A variable that does not exist, or cannot be changed while it runs.
_NOT_NOW = frozenset({1193, 1238})


class MySQLDriver(sql.SQLDriver):
    """MySQL or MariaDB; subclasses have what differs.

    :param home: the directories and programs
    :param session: variables of the agent's own connections
    """

    #: A privilege with which root could write on a replica.
    withheld: ClassVar[str | None] = None
    #: What customers may change.
    settings: ClassVar[mysql_settings.Settings]

    home: homes.Home[servers.Server]
    connector: connections.Connector

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        home: homes.Home[servers.Server],
        session: str,
    ) -> None:
        super().__init__(conf, home)
        self.connector = connections.Connector(
            home.data_dir, home.password, session
        )
        self.databases = databases.Databases(self.connector, self.rules)
        self._users = self.users = users.Users(
            self.connector, self.identified, self.rules, self.required
        )
        self.root = root.Root(
            self.connector,
            self.identified,
            self.rules,
            conf[self.name].default_password_length,
            self.withheld,
        )

    @abc.abstractmethod
    def identified(self, password: str) -> str:
        """Return the clause that gives a user a password.

        It has a verifier, and not the password: statements are logged.
        """

    @property
    @abc.abstractmethod
    def reload_tls(self) -> str | None:
        """The statement by which it reads its certificate again.

        None: it does so when it is started.
        """

    @abc.abstractmethod
    def own_settings(self) -> dict[str, Any]:
        """Settings that the agent relies on with this server only."""

    def role_settings(self) -> dict[str, Any]:
        """Settings for the role of the server in replication."""
        return {}

    # The server

    def start(self) -> None:
        self.home.server().answers = self.connector.answers
        super().start()

    def check_start(self) -> None:
        if self.home.data_dir.exists():
            self.write_config()
            self.home.server().check_start()

    def forget_place(self) -> None:
        super().forget_place()
        # Its id and its key, which no other server may have.
        for name in _OF_THE_SERVER:
            (self.home.data_dir / name).unlink(missing_ok=True)

    def close_openings(self) -> None:
        with self.connector.open('close the accounts') as connection:
            connection.execute('SET SESSION sql_log_bin = 0')
            # A restored one has those of the old place.
            for account in connection.execute(_OPENINGS):
                connection.execute('DROP USER IF EXISTS %s@%s', account)

    # Its settings

    def check_overrides(self, overrides: base.Settings) -> None:
        if not overrides:
            return
        config.check_names(overrides, self.settings)
        text = config.render(overrides)
        server = self.home.server()
        names = server.names()
        for name in overrides:
            # It would take the beginning of a name as well.
            if mysql_settings.plain(name) not in names:
                raise exception.BadRequest(
                    reason=f'{name!r} is not a setting of {server.title} '
                    f'{server.programs.text}.'
                )
        server.check(text)

    def apply_overrides(self, overrides: base.Settings) -> None:
        """Set what can be changed online to what the files say.

        What was removed gets its former value, or the default.
        """
        values = self.home.server().values()
        with self.connector.open('apply settings') as connection:
            for name in self.store.touched:
                text = values.get(mysql_settings.plain(name))
                if text is not None:
                    _set(connection, mysql_settings.plain(name), text)

    def write_config(self) -> None:
        directory = self.home.config_dir
        account = self.home.account
        self._ensure_certificate()
        ours = {
            'server_id': config.server_id(
                self._conf.guest_id or str(directory)
            ),
            'init_file': directory / config.INIT,
            'general_log_file': self.home.data_dir / _GENERAL,
            'slow_query_log_file': self.home.data_dir / _SLOW,
            **self._encryption(),
        }
        contents = {
            '10-sizing.cnf': config.render(self.sizing(), loose=True),
            '20-basic.cnf': self._basic(),
            '50-user.cnf': config.render(self.store.overrides),
            '60-logs.cnf': config.render(self.log_settings()),
            '90-agent.cnf': config.render(
                {
                    **mysql_settings.AGENT,
                    **ours,
                    **self.own_settings(),
                    **self.role_settings(),
                }
            ),
        }
        stored.write(
            directory,
            contents
            | {
                config.MAIN: config.main_file(directory, contents),
                config.INIT: self.init_statements(),
            },
            account,
        )

    def sizing(self) -> dict[str, Any]:
        """Settings for this machine; it ignores those that it has not."""
        return self.settings.sizing(self.memory_mb, self.volume_bytes())

    # Encryption

    def _encryption(self) -> dict[str, Any]:
        if self.secured.current.mode == tls.OFF:
            return {'ssl': False}
        return {
            'ssl_ca': self.home.data_dir / certificates.AUTHORITY,
            'ssl_cert': self.home.data_dir / certificates.CERTIFICATE,
            'ssl_key': self.home.data_dir / certificates.KEY,
        }

    def _ensure_certificate(self) -> None:
        bundle = self.secured.current.bundle
        if bundle is not None:
            if self._certificate() != bundle.certificate:
                self.write_certificate(bundle)
            return
        certificates.ensure(
            self.home.data_dir,
            self._conf.guest_id or self.name,
            self.home.endpoint.address,
            self.home.account,
        )

    def certificate(self) -> str | None:
        current = self.secured.current
        if current.mode == tls.OFF:
            return None
        return current.bundle.certificate if current.bundle else (
            self._certificate()
        )

    def _certificate(self) -> str | None:
        try:
            return files.read_foreign(
                self.home.data_dir / certificates.CERTIFICATE
            )
        except FileNotFoundError:
            return None

    def write_certificate(self, bundle: tls.Bundle | None) -> None:
        directory = self.home.data_dir
        if bundle is None:
            (directory / certificates.CERTIFICATE).unlink(missing_ok=True)
            self._ensure_certificate()
            return
        tls.write(
            {
                directory / certificates.KEY: bundle.private_key,
                directory / certificates.AUTHORITY: (
                    bundle.authority or bundle.certificate
                ),
                directory / certificates.CERTIFICATE: bundle.certificate,
            },
            self.home.account,
        )

    def apply_tls(self) -> bool:
        wanted = self.secured.current.mode != tls.OFF
        with self.connector.open('change its certificate') as connection:
            encrypts = self.encrypts(connection)
            reload = self.reload_tls
            if encrypts and wanted and reload is not None:
                connection.execute(reload)
        self._users.require(self.required())
        return encrypts != wanted or (wanted and reload is None)

    def encrypts(self, connection: connections.Connection) -> bool:
        """Return whether the server was started with encryption."""
        return True

    def required(self) -> str:
        """Return the clause for how users have to connect."""
        return _REQUIRED[self.secured.current.mode]

    # Logs

    def logs(self) -> Sequence[log_files.Log]:
        directory = self.home.data_dir
        group = self._conf[self.name]
        return (
            log_files.Log(
                'general',
                directory / _GENERAL,
                {'log_output': 'FILE', 'general_log': True},
            ),
            log_files.Log(
                'slow_query',
                directory / _SLOW,
                {
                    'log_output': 'FILE',
                    'long_query_time': group.guest_log_long_query_time / 1000,
                    'slow_query_log': True,
                },
            ),
            log_files.Log('error', directory / servers.LOG_FILE),
        )

    def apply_log(self, log: log_files.Log) -> None:
        values = self.home.server().values()
        with self.connector.open(f'switch its log {log.name}') as connection:
            for name in log.settings or ():
                _set(connection, name, values[name])

    def reopen_log(self, log: log_files.Log) -> None:
        with self.connector.open(f'rotate its log {log.name}') as connection:
            connection.execute(f'FLUSH LOCAL {_FLUSHED[log.name]}')

    def _basic(self) -> str:
        """Return what the control plane sends, perhaps for another version."""
        found = config.parse(self.store.basic, self.settings)
        if not found:
            return ''
        names = self.home.server().names()
        known = {each: found[each] for each in found if each in names}
        others = {each: found[each] for each in found if each not in names}
        return config.render(known) + config.render(others, loose=True)

    def init_statements(self) -> str:
        """Return the statements that the server begins each start with.

        They restore the account of the agent. Replicas do not hear of it: each
        has a password of its own.
        """
        account = f'{servers.ADMINISTRATOR}@localhost'
        clause = self.identified(self.home.password())
        return (
            'SET SESSION sql_log_bin = 0;\n'
            f'CREATE USER IF NOT EXISTS {account} {clause};\n'
            f'ALTER USER {account} {clause} REQUIRE NONE ACCOUNT UNLOCK;\n'
            f'GRANT ALL PRIVILEGES ON *.* TO {account} WITH GRANT OPTION;\n'
        )


def _set(connection: connections.Connection, name: str, text: str) -> None:
    """Set a variable to a value as ``--verbose --help`` has it.

    :raises trove.common.exception.DatastoreError: the server refuses it
    """
    if text == '(No default value)':
        text = ''
    if text in ('TRUE', 'FALSE'):
        text = 'ON' if text == 'TRUE' else 'OFF'
    value: str | float | int = text
    if re.fullmatch(r'-?\d+', text):
        value = int(text)
    elif re.fullmatch(r'-?\d+\.\d+', text):
        value = float(text)
    try:
        connection.execute(
            f'SET GLOBAL {connections.identifier(name)} = %s', [value]
        )
    except pymysql.MySQLError as error:
        if error.args[0] not in _NOT_NOW:
            raise exception.DatastoreError(
                action=f'apply the setting {name}', reason=str(error.args[-1])
            ) from None
        LOG.info('The setting %s works from the next restart on', name)
