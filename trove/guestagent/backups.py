# SPDX-License-Identifier: Apache-2.0
"""Makes the backups of this guest, whatever its datastore.

One at a time, in a thread, while the database is used and managed. What must
not be forgotten is in a file, without the secrets of the object store: an
agent that was killed meanwhile reports the failure when it is started again,
and removes what it had stored if that takes no secret.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import logging
import pathlib
import threading
from typing import Any
from typing import Final

from trove import objectstore
from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import backups_outcome
from trove.guestagent import backups_progress
from trove.guestagent import log_archive
from trove.guestagent import reporter as reporters
from trove.guestagent import restores
from trove.guestagent import supervisor as supervisors
from trove.guestagent import verifying
from trove.guestagent.datastores import backup as backups
from trove.guestagent.datastores import files
from trove.objectstore import base as stores

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext

_FILE: Final = 'backup.json'
#: Where released Trove stores backups unless told otherwise.
_CONTAINER: Final = 'database_backups'
#: What lets somebody use an object store, and is not written down.
_SECRETS: Final = frozenset(('token', 'signed'))
#: Seconds between two tries to report the outcome, the first and the longest.
_REPORT_DELAYS: Final = (1.0, 60.0)
#: Seconds that another backup waits for such a report.
_REPORT_TIMEOUT: Final = 10
#: Seconds for a backup to end when the agent does.
_STOP_TIMEOUT: Final = 10


@dataclasses.dataclass
class Order:
    """A backup that was ordered, and what became of it.

    :param info: what the order says of it
    :param access: for :func:`trove.objectstore.open_store`; None if it had
        secrets, and the agent was started since
    :param user_id: who asked; with ``request_id`` for what is reported
    :param name: of its object, once this is known
    :param outcome: what to report of it, once it has ended
    """

    info: dict[str, Any]
    access: dict[str, Any] | None
    user_id: str | None = None
    request_id: str | None = None
    name: str | None = None
    outcome: dict[str, Any] | None = None

    @property
    def backup_id(self) -> str:
        return str(self.info['id'])

    @property
    def container(self) -> str:
        return str(self.info.get('swift_container') or _CONTAINER)

    @property
    def context(self) -> Context:
        return Context(
            user_id=self.user_id, request_id=self.request_id, overwrite=False
        )


class Backups:
    """The backups of one guest.

    :param state_dir: an existing directory for what must be remembered
    :ivar log: the archive of the log that goes on from the backups
    """

    def __init__(
        self,
        supervisor: supervisors.Supervisor,
        reporter: reporters.Reporter,
        state_dir: pathlib.Path,
    ) -> None:
        self._verifier = verifying.Verifier(supervisor, reporter)
        self.log = log_archive.LogArchive(supervisor, reporter, state_dir)
        self._supervisor = supervisor
        self._reporter = reporter
        self._path = state_dir / _FILE
        self._changed = threading.Condition()
        self._order: Order | None = None
        self._store_used: stores.Store | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        #: The backup that was stored last.
        self._stored: str | None = None

    def start(self) -> None:
        """End what an agent before this one has begun."""
        self.log.start()
        self._verifier.start()
        values = files.read_json(self._path)
        if values:
            self._begin(Order(**values), self._end_interrupted)

    def stop(self) -> None:
        """Give up a backup that is being made."""
        self._stopping.set()
        self._verifier.stop()
        self.log.stop()
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT)

    def doing(self) -> str | None:
        """Return what must not be interrupted, None when nothing must."""
        order = self._order
        if order is None:
            return self._verifier.doing()
        return f'backup {order.backup_id} is being made'

    def create(
        self,
        context: Context,
        info: Mapping[str, Any],
        access: Mapping[str, Any] | None,
    ) -> None:
        """Begin to make a backup; its failure becomes a fault.

        :param access: None: with what the context and the order have, as
            released task managers send them. With ``renews`` it is a later
            one for a backup that is being made, with ``verifies`` one to read
            a backup that is to be verified
        """
        if access and access.get('verifies'):
            return self._verifier.begin(context, info, access)
        if access and access.get('renews'):
            return self._renew(str(info.get('id')), access)
        try:
            # Users and databases that were ordered before are part of it.
            with self._supervisor.turn():
                access = access or restores.released_access(context, info)
                order = Order(
                    dict(info),
                    dict(access),
                    context.user_id,
                    context.request_id,
                )
                self._begin(order, self._make)
        except Exception as error:  # noqa: BLE001
            self._reporter.backup_failed(context, str(info.get('id')))
            self._tell(context, str(info.get('id')), error)

    def make(self, context: Context, info: Mapping[str, Any]) -> None:
        """Make a backup and wait until it has ended.

        Released task managers order that, for a replica.

        :raises trove.common.exception.DatastoreError: it is not stored; what
            failed is a fault, as with :meth:`create`
        """
        self.create(context, info, None)
        with self._changed:
            self._changed.wait_for(lambda: self._order is None)
            if self._stored != str(info.get('id')):
                raise exception.DatastoreError(
                    action=backups_outcome.ACTION,
                    reason='its fault says why. Make the replica again.',
                )

    def _renew(self, backup_id: str, access: Mapping[str, Any]) -> None:
        with self._changed:
            order, store = self._order, self._store_used
            if order is None or store is None or order.backup_id != backup_id:
                LOG.debug('Backup %s is not being made now.', backup_id)
                return
            store.renew(access)
        LOG.info('Backup %s may be written until later.', backup_id)

    def _begin(self, order: Order, work: Callable[[Order], None]) -> None:
        with self._changed:
            # Of one that has ended, the outcome is just being reported.
            self._changed.wait_for(
                lambda: self._order is None or self._order.outcome is None,
                _REPORT_TIMEOUT,
            )
            if self._order is not None:
                raise exception.Unprocessable(
                    reason=f'backup {self._order.backup_id} is being made; '
                    'only one is made at a time. Repeat the request when it '
                    'has ended.'
                )
            self._remember(order)
        self._thread = threading.Thread(
            target=self._work, args=(order, work), name='backup', daemon=True
        )
        self._thread.start()

    def _work(self, order: Order, work: Callable[[Order], None]) -> None:
        try:
            work(order)
        except Exception:
            LOG.exception(
                'Backup %s has ended, and this could not be written down in '
                '%s. Check that directory, then restart the guest agent.',
                order.backup_id,
                self._path,
            )

    def _remember(self, order: Order) -> None:
        kept = order
        if order.access is not None and _SECRETS & order.access.keys():
            kept = dataclasses.replace(order, access=None)
        files.write_json(self._path, dataclasses.asdict(kept))
        self._order = order

    def _forget(self) -> None:
        with self._changed:
            self._path.unlink(missing_ok=True)
            self._order = self._store_used = None
            self._changed.notify_all()

    # What the thread does

    def _make(self, order: Order) -> None:
        driver = self._supervisor.driver
        server = driver.pid()
        try:
            outcome = self._store(order)
        except Exception as error:  # noqa: BLE001
            # An order that stops the server has its turn until it is done.
            with self._supervisor.turns:
                same = driver.pid() == server
            if not same:
                error = backups_outcome.interrupted(error)
            self._fail(order, error)
        else:
            LOG.info('Backup %s is stored.', order.backup_id)
            self._stored = order.backup_id
            self._remember(dataclasses.replace(order, outcome=outcome))
            self._report(order, outcome)

    def _end_interrupted(self, order: Order) -> None:
        if order.outcome is not None:
            self._report(order, order.outcome)
            return
        if order.name is not None:
            self._remove(order, order.name)
        self._fail(
            order,
            exception.DatastoreError(
                action=backups_outcome.ACTION,
                reason='the guest agent ended meanwhile. Make the backup '
                'again.',
            ),
        )

    def _remove(self, order: Order, name: str) -> None:
        """Remove what is stored of a backup that was interrupted."""
        if order.access is None:
            LOG.warning(
                'What there is of backup %s in container %s is not removed '
                'by the guest agent, which keeps no access to the object '
                'store when it ends. The task manager removes it; if it does '
                'not, delete the backup.',
                order.backup_id,
                order.container,
            )
            return
        try:
            store = objectstore.open_store(order.access)
            store.delete(store.location(order.container, name))
        except exception.TroveError as error:
            LOG.error(
                'What there is of backup %s in container %s could not be '
                'removed: %s Delete the backup.',
                order.backup_id,
                order.container,
                error,
            )

    def _store(self, order: Order) -> dict[str, Any]:
        """Store a backup; return what is to be reported of it."""
        driver = self._supervisor.driver
        assert order.access is not None
        store = self._store_used = objectstore.open_store(order.access)
        parent = restores.parent_of(
            store,
            order.info,
            order.container,
            restores.told_heads(order.access),
        )
        known = backups_outcome.known(order.info, driver.name, parent)
        # Before it begins: its log is in this piece, or in later ones.
        known |= self.log.position()
        about = {
            'backup_type': 'full' if parent is None else 'incremental',
            'size': driver.filesystem_stats()['used'],
        }
        tell = backups_progress.Progress(
            lambda fields: self._reporter.backup(
                order.context, order.backup_id, state='BUILDING', **fields
            ),
            about,
        )
        tell(0)
        stored = None
        try:
            with driver.backup(self._request(order, parent)) as stream:
                name = order.backup_id + stream.suffix
                self._remember(dataclasses.replace(order, name=name))
                stored = store.save(
                    order.container,
                    order.backup_id,
                    backups_progress.Source(
                        stream, self._check_stopping, known, driver
                    ),
                    # Read when all of the stream was: it is known then.
                    collections.ChainMap(known, stream.metadata),
                    suffix=stream.suffix,
                    progress=tell,
                )
        except BaseException:
            if stored is not None:
                store.delete(stored.location)
            raise
        return about | backups_outcome.outcome(
            stored, known | stream.metadata
        )

    def _request(
        self, order: Order, parent: stores.Head | None
    ) -> backups.Request:
        return backups.Request(
            order.backup_id,
            parent.metadata if parent else None,
            self._check_stopping,
            apart=bool(order.info.get('for_replica')),
        )

    def _check_stopping(self) -> None:
        if self._stopping.is_set():
            raise exception.DatastoreError(
                action=backups_outcome.ACTION,
                reason='the guest agent is stopped. Make the backup again.',
            )

    def _fail(self, order: Order, error: Exception) -> None:
        self._tell(order.context, order.backup_id, error)
        outcome = {'state': 'FAILED', 'success': False}
        self._remember(dataclasses.replace(order, outcome=outcome))
        self._report(order, outcome)

    def _tell(
        self, context: Context, backup_id: str, error: Exception
    ) -> None:
        """Make an error a fault of the instance."""
        with self._reporter.reporting(context, f'make backup {backup_id}'):
            raise error

    def _report(self, order: Order, outcome: dict[str, Any]) -> None:
        """Report the outcome until the conductors have it."""
        delay, longest = _REPORT_DELAYS
        while True:
            try:
                self._reporter.backup(
                    order.context, order.backup_id, **outcome
                )
            except exception.TroveError as error:
                LOG.warning(
                    'What became of backup %s (%s) could not be reported: %s '
                    'It is tried again.',
                    order.backup_id,
                    outcome['state'],
                    error,
                )
            else:
                self._forget()
                return
            if self._stopping.wait(delay):
                return
            delay = min(2 * delay, longest)
