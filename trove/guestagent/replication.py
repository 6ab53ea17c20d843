# SPDX-License-Identifier: Apache-2.0
"""Orders about replicas and their primary."""

from __future__ import annotations

from collections.abc import Callable
import logging
import time
from typing import Any
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import backups as backup_orders
from trove.guestagent import orders
from trove.guestagent import reporter as reporters
from trove.guestagent import restores
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import base
from trove.guestagent.datastores import replication
from trove.guestagent.datastores import tls

LOG = logging.getLogger(__name__)

Capability = base.Capability
Context = trove_context.TroveContext

#: Seconds to wait for a transaction, and between two looks.
_TRANSACTION_TIMEOUT: Final = 120
_TRANSACTION_INTERVAL: Final = 0.05


class Replication:
    """The methods of :class:`trove.guestagent.manager.Manager` for them.

    Settings that come with an order (``slave_config`` and alike, the text of
    a template of released task managers) are not used: a driver sets itself
    what replication needs.
    """

    _supervisor: supervisors.Supervisor
    _reporter: reporters.Reporter
    _backups: backup_orders.Backups
    _report: Callable[[], None]

    # A new replica

    @orders.needs(Capability.REPLICATION, turn=False)
    def backup_required_for_replication(self, context: Context) -> bool:
        return True

    @orders.needs(Capability.REPLICATION)
    def get_replication_snapshot(
        self,
        context: Context,
        snapshot_info: dict[str, Any],
        replica_source_config: Any = None,
    ) -> dict[str, Any]:
        """Let a new replica follow.

        Task managers of this tree have had the backup made before; those of
        releases expect it to be made now. If it is a snapshot of the volume,
        all of them have it made next.
        """
        made = snapshot_info.get('state') == 'COMPLETED'
        by_cloud = snapshot_info.get('storage_driver') == restores.SNAPSHOT
        if not made and not by_cloud:
            self._backups.make(context, snapshot_info)
        with self._supervisor.turn() as driver:
            if not made and by_cloud:
                driver.keep_log()
            found = driver.replica_snapshot(snapshot_info.get('replica_id'))
            encryption = _encryption(driver)
            dataset = _dataset(driver, snapshot_info.get('id'))
        return {
            'dataset': dataset,
            'replication_strategy': driver.replication_strategy,
            **found,
            **encryption,
        }

    # Who follows whom

    @orders.needs(Capability.REPLICATION)
    def get_replica_context(self, context: Context) -> dict[str, Any]:
        with self._supervisor.turn() as driver:
            return {**driver.replica_context(), **_encryption(driver)}

    @orders.needs(Capability.REPLICATION)
    def attach_replica(
        self,
        context: Context,
        replica_info: dict[str, Any],
        slave_config: Any,
        restart: bool = False,
    ) -> None:
        wanted = replication.parse(replica_info)
        LOG.info('Following %s', wanted['master'])
        with self._supervisor.restarting() as driver:
            _attach(driver, wanted)
        self._report()

    @orders.needs(Capability.REPLICATION)
    def attach_replication_slave(
        self, context: Context, snapshot: dict[str, Any], slave_config: Any
    ) -> None:
        with self._reporter.reporting(context, 'follow another primary'):
            wanted = replication.parse(snapshot)
            with self._supervisor.restarting() as driver:
                _attach(driver, wanted)
        self._report()

    @orders.needs(Capability.REPLICATION)
    def detach_replica(
        self, context: Context, for_failover: bool = False
    ) -> dict[str, Any]:
        with self._supervisor.turn() as driver:
            return driver.detach_replica(for_failover)

    @orders.needs(Capability.REPLICATION)
    def cleanup_source_on_replica_detach(
        self, context: Context, replica_info: dict[str, Any]
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.remove_replica(replica_info or {})

    @orders.needs(Capability.REPLICATION)
    def enable_as_master(
        self, context: Context, replica_source_config: Any
    ) -> None:
        with self._supervisor.turn() as driver:
            driver.enable_as_primary()

    @orders.needs(Capability.REPLICATION)
    def demote_replication_master(self, context: Context) -> None:
        with self._supervisor.turn() as driver:
            driver.demote_primary()

    @orders.needs(Capability.REPLICATION)
    def make_read_only(self, context: Context, read_only: bool) -> None:
        with self._supervisor.restarting() as driver:
            driver.set_read_only(bool(read_only))
        self._report()

    # How far it is; these wait for no other order

    @orders.needs(Capability.REPLICATION, turn=False)
    def get_latest_txn_id(self, context: Context) -> str:
        return self._supervisor.driver.latest_transaction()

    @orders.needs(Capability.REPLICATION, turn=False)
    def wait_for_txn(self, context: Context, txn: str) -> None:
        driver = self._supervisor.driver
        until = time.monotonic() + _TRANSACTION_TIMEOUT
        while not driver.has_transaction(str(txn)):
            if time.monotonic() >= until:
                raise exception.DatastoreError(
                    action='catch up with its primary',
                    reason=f'it has not received {str(txn)[:200]!r} within '
                    f'{_TRANSACTION_TIMEOUT} seconds, and is at '
                    f'{driver.latest_transaction()!r}. Check the network '
                    'between the two, and the load of the replica.',
                )
            time.sleep(_TRANSACTION_INTERVAL)

    @orders.needs(Capability.REPLICATION, turn=False)
    def get_last_txn(self, context: Context) -> list[Any]:
        return list(self._supervisor.driver.last_transaction())

    @orders.needs(Capability.REPLICATION, turn=False)
    def get_txn_count(self, context: Context) -> int:
        return self._supervisor.driver.transaction_count()


def _encryption(driver: base.Driver) -> dict[str, Any]:
    """Return what replicas have from the encryption of their primary."""
    if Capability.TLS not in driver.capabilities:
        return {}
    return driver.tls().for_replicas()


def _attach(driver: base.Driver, context: replication.Context) -> None:
    driver.attach_replica(context)
    wanted = tls.State.of_primary(context)
    if wanted is not None and wanted != driver.tls():
        driver.set_tls(wanted)


def _dataset(driver: base.Driver, backup_id: str | None) -> dict[str, Any]:
    """Describe the data, as task managers of releases look at them."""
    sizes = driver.filesystem_stats()
    return {
        'datastore_manager': driver.name,
        'dataset_size': sizes['used'],
        'volume_size': sizes['total'],
        'snapshot_id': backup_id,
    }
