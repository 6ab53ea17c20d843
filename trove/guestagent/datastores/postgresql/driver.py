# SPDX-License-Identifier: Apache-2.0
"""The PostgreSQL driver: what differs from other SQL servers."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
import pathlib
import shutil
from typing import Any

from oslo_config import cfg

from trove.common import exception
from trove.common.datastores import postgresql_settings
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import base
from trove.guestagent.datastores import files
from trove.guestagent.datastores import logs as log_files
from trove.guestagent.datastores import replication
from trove.guestagent.datastores import settings
from trove.guestagent.datastores import sql
from trove.guestagent.datastores import tls
from trove.guestagent.datastores.postgresql import archive as archives
from trove.guestagent.datastores.postgresql import backup
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import connection
from trove.guestagent.datastores.postgresql import databases
from trove.guestagent.datastores.postgresql import encryption
from trove.guestagent.datastores.postgresql import grants
from trove.guestagent.datastores.postgresql import private
from trove.guestagent.datastores.postgresql import progress
from trove.guestagent.datastores.postgresql import replication as replicas
from trove.guestagent.datastores.postgresql import restore
from trove.guestagent.datastores.postgresql import restored
from trove.guestagent.datastores.postgresql import role as roles
from trove.guestagent.datastores.postgresql import root
from trove.guestagent.datastores.postgresql import series
from trove.guestagent.datastores.postgresql import users

Capability = base.Capability


class PostgreSQL(sql.SQLDriver):
    """PostgreSQL 13 or later.

    :param conf: uses the groups ``guestagent`` and ``postgresql``; nothing
        is changed or searched for before the first operation
    """

    name = 'postgresql'
    capabilities = sql.SQLDriver.capabilities | {
        Capability.BACKUP,
        Capability.LOG_ARCHIVE,
        Capability.REPLICATION,
        Capability.VERIFICATION,
    }
    replication_strategy = 'PostgresqlReplicationStreaming'

    home: clusters.Cluster
    connector: connection.Connector
    databases: databases.Databases

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf, clusters.Cluster(conf))
        connector = connection.Connector(
            self.home.endpoint, self.home.passwords
        )
        self.connector = connector
        self.databases = databases.Databases(connector, self.rules)
        self.users = users.Users(
            connector, grants.Grants(connector, self.rules), self.rules
        )
        self.root = root.Root(
            connector, conf.postgresql.default_password_length
        )
        self._backups = backup.Backups(
            self.home,
            connector,
            self.volume_bytes,
            conf.guestagent.backup_stall_timeout,
        )
        self._archive = archives.Archive(
            self.home, connector, self.volume_bytes
        )
        self._role = roles.Role(self.home, conf.guest_id or self.name)
        self._series = series.Series(
            self.home,
            self._role,
            self._backups.forget,
            conf.guestagent.recovery_timeout,
            conf.postgresql.major_upgrades,
        )
        self._replication = replicas.Replication(
            self.home,
            connector,
            self._role,
            self.start,
            self.stop,
            self.write_config,
        )
        self._progress = progress.Progress(
            self.home, connector, self._role
        )
        self._tls = encryption.Encryption(self.home, self.connector)
        self._restore = restore.Restore(
            self.home,
            self.write_config,
            conf.guestagent.recovery_timeout,
            conf.guestagent.stop_timeout,
            conf.guestagent.backup_stall_timeout,
        )

    # The server

    def create_data(self, preparation: base.Preparation) -> None:
        if preparation.snapshot is not None:
            self._create_replica(preparation, preparation.snapshot)
        elif preparation.backup is None:
            super().create_data(preparation)
        else:
            self._restore.restore(preparation.backup(), preparation.log)

    def _create_replica(
        self, preparation: base.Preparation, context: replication.Context
    ) -> None:
        administrator = context['replica_conf'].get('administrator')
        if administrator is None:
            raise exception.BadRequest(
                reason='The primary did not tell the password of its '
                'administrator, which a replica has from it. Upgrade the '
                'guest agent of the primary.'
            )
        password = administrator['password']
        if preparation.backup is None:
            # Before there are data that could be started without it.
            self._replication.keep(context)
            self.begin_with_volume()
            self.home.keep_password(password)
        else:
            self._restore.restore_replica(preparation.backup(), password)
        self._replication.begin(context)
        self._role.before_start()
        self.write_config()
        self.home.server().start(self._conf.guestagent.recovery_timeout)

    def reset_password(self, password: str) -> None:
        self._role.before_start()
        if not self._role.is_primary:
            # A replica has it from its primary, which it is to follow next.
            return
        self.write_config()
        try:
            with private.session(
                self.home,
                'take over the data',
                self._conf.guestagent.recovery_timeout,
            ) as connection:
                private.set_password(connection, password)
        finally:
            self.stop()

    def freeze(self) -> None:
        # There is less to replay then.
        with self.connector.open('write a checkpoint') as connection:
            connection.execute('CHECKPOINT')
        super().freeze()

    def forget_place(self) -> None:
        super().forget_place()
        directory = self.home.data_dir
        restored.refuse_links(directory)
        restored.make_own(directory, self.home.account, None)
        # Of replicas that do not follow this one.
        for slot in (directory / 'pg_replslot').iterdir():
            shutil.rmtree(slot)

    def close_openings(self) -> None:
        self.databases.close_template()

    def pid(self) -> int | None:
        self._series.settle()
        return super().pid()

    def mounted(self) -> None:
        self._series.settle()

    def start(self) -> None:
        if self.pid() is None and self.home.data_dir.exists():
            self._role.before_start()
        try:
            super().start()
        except exception.SettingsTakenBack:
            self._series.prove()
            raise
        self._series.prove()
        self._replication.after_start()

    def check_start(self) -> None:
        if self.home.data_dir.exists():
            self.write_config()
            self.home.server().check_start()

    def check_upgrade(self, version: str) -> None:
        if self._series.concerns(version):
            self._series.check(version)
        else:
            super().check_upgrade(version)

    def upgrade(self, version: str) -> None:
        if self.pid() is not None:
            # An agent that died may not have noted it.
            self._series.prove()
        if self._series.concerns(version):
            self._series.carry_out(version, self.start, self.stop)
        else:
            super().upgrade(version)

    def finish_upgrade(self) -> None:
        self._series.renew_statistics(self.connector)

    # Its settings

    def apply_overrides(self, overrides: base.Settings) -> None:
        self.home.server().reload()

    def check_overrides(self, overrides: base.Settings) -> None:
        text = config.render(overrides)
        if text and (self.home.data_dir / self.home.witness).exists():
            self.home.server().check(text)

    def write_config(self) -> None:
        files.private_directory(self.home.config_dir, self.home.account)
        self._tls.ensure(self.secured.current.bundle)
        sizing = postgresql_settings.memory(
            self.memory_mb
        ) | postgresql_settings.volume(self.volume_bytes())
        contents = {
            '10-sizing.conf': config.render(sizing),
            '20-basic.conf': self.store.basic,
            '50-user.conf': config.render(self.store.overrides),
            '60-logs.conf': config.render(self.log_settings()),
            '90-agent.conf': config.render(
                {
                    **postgresql_settings.AGENT,
                    **self._role.settings(),
                    **self._tls.settings(self.secured.current),
                }
            ),
        }
        settings.write(
            self.home.config_dir,
            {
                f'{config.INCLUDE_DIR}/{name}': text
                for name, text in contents.items()
            }
            | config.main_files(
                self.home.data_dir, self.secured.current.mode
            ),
            self.home.account,
        )
        self._role.write_password()

    # Encryption

    def certificate(self) -> str | None:
        bundle = self.secured.current.bundle
        return bundle.certificate if bundle else None

    def write_certificate(self, bundle: tls.Bundle | None) -> None:
        self._tls.write(bundle)

    def apply_tls(self) -> bool:
        self._tls.apply(self.secured.current)
        return False

    # Logs

    def logs(self) -> Sequence[log_files.Log]:
        settings = postgresql_settings.AGENT
        return (
            log_files.Log(
                'general',
                self.home.data_dir
                / settings['log_directory']
                / settings['log_filename'],
                {
                    'log_statement': 'all',
                    'log_min_duration_statement': (
                        self._conf.postgresql.guest_log_long_query_time
                    ),
                },
            ),
        )

    def apply_log(self, log: log_files.Log) -> None:
        self.home.server().reload()

    def reopen_log(self, log: log_files.Log) -> None:
        with self.connector.open('rotate its log') as connection:
            connection.execute('SELECT pg_rotate_logfile()')

    # Backups

    @contextlib.contextmanager
    def backup(self, request: backups.Request) -> Iterator[backups.Stream]:
        with self._backups.make(request) as stream:
            yield stream
        if request.parent is None:
            self._series.drop_former(
                self._conf.postgresql.former_data_retention
            )

    def scratch(self) -> pathlib.Path:
        return self.home.make_scratch()

    def drop_scratch(self) -> None:
        self.home.drop_scratch()

    def verify_backup(
        self, chain: Sequence[backups.Link], directory: pathlib.Path
    ) -> None:
        self._restore.verify(chain, directory)

    # The log of changes

    def close_log(self, after: str | None) -> archive.Closed:
        return self._archive.close(after)

    def drop_log(self, name: str) -> None:
        self._archive.drop(name)

    def end_log(self) -> None:
        self._archive.end()

    def log_time(self) -> datetime.datetime:
        return self._archive.time()

    # Replication

    def replica_snapshot(self, replica_id: str | None) -> replication.Context:
        return self._replication.snapshot(replica_id)

    def keep_log(self) -> None:
        self._replication.keep_log()

    def replica_context(self) -> replication.Context:
        return self._replication.context()

    def attach_replica(self, context: replication.Context) -> None:
        self._replication.attach(context)

    def detach_replica(self, for_failover: bool) -> dict[str, Any]:
        return self._replication.detach(for_failover)

    def remove_replica(self, replica_info: Mapping[str, Any]) -> None:
        self._replication.remove(replica_info)

    def enable_as_primary(self) -> None:
        self._replication.context()

    def demote_primary(self) -> None:
        self._replication.demote()

    def set_read_only(self, read_only: bool) -> None:
        self._replication.set_read_only(read_only)

    def latest_transaction(self) -> str:
        return self._progress.latest()

    def has_transaction(self, transaction: str) -> bool:
        return self._progress.has(transaction)

    def last_transaction(self) -> tuple[str, int]:
        return self._progress.last()

    def transaction_count(self) -> int:
        return self._progress.count()

    def replication_state(self) -> replication.State | None:
        return self._progress.state()
