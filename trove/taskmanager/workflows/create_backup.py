# SPDX-License-Identifier: Apache-2.0
"""Create a backup: the guest agent makes it, the task manager watches."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.common import guest_faults
from trove.objects import sealing
from trove.objects.backup import backups
from trove.objects.backup import logs
from trove.objects.backup import reports
from trove.objects.backup import work
from trove.objects.instance import entities
from trove.objects.instance import workflows
from trove.objectstore import errors
from trove.objectstore import storage
from trove.objectstore import tokens
from trove.taskmanager.workflows import backup_order
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import making_backup

LOG = logging.getLogger(__name__)

#: Seconds to wait at once: small backups are done by then.
_FIRST_WAIT = 20.0

#: Seconds to wait for the guest's own words about its failure.
_REASON_WAIT = 2.0

#: Seconds to wait for the object store when all data are stored.
_STORE_TIMEOUT = 3600

_AGAIN = 'Delete the backup, then make a new one.'
_STORE = (
    'Check the object store (its logs say more); delete the backup, then make '
    'a new one.'
)


class CreateBackup(making_backup.MakingBackup):
    """The workflow.

    :param container: where it goes; None: the default one
    :param expires: until when its guest may write, if that is limited
    :param for_replica: the next incremental one does not continue it
    """

    def __init__(
        self,
        env: base.Environment,
        context: trove_context.TroveContext,
        instance_id: str,
        backup_id: str | None,
        container: str | None = None,
        expires: float | None = None,
        for_replica: bool = False,
    ) -> None:
        super().__init__(env, context, instance_id, backup_id)
        self._expires = expires
        self._for_replica = for_replica
        self._container = container or env.conf.backup_swift_container

    @classmethod
    def known(
        cls, env: base.Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        names = ('backup_id', 'container', 'expires', 'for_replica')
        return tuple(row.details.get(name) for name in names)

    def details(self) -> dict[str, Any]:
        return {
            'backup_id': self._backup_id,
            'container': self._container,
            'for_replica': self._for_replica,
        }

    def steps(self) -> list[base.Step]:
        return [
            base.Step('check the backup', do=self._check, remedy=_AGAIN),
            base.Step(
                'have the guest agent make the backup',
                do=self._order,
                undo=self._delete,
                remedy=_STORE,
            ),
            base.Step('wait for the backup', do=self._wait, remedy=_STORE),
            base.Step(
                'complete the backup', do=self._complete, remedy=_STORE
            ),
        ]

    def _storage(self, backup: backups.Backup) -> storage.Storage:
        return storage.load(
            self.conf, backup.storage_driver, backup.project_id
        )

    def _check(self) -> None:
        backup = self._backup()
        if backup.parent_id is None:
            return
        parent = self._parent(backup)
        if not parent.is_usable:
            raise base.StepFailed(
                reason=f'its parent {parent.id} has the status {parent.state}'
            )

    def _parent(self, backup: backups.Backup) -> backups.Backup:
        return self._backup(str(backup.parent_id))

    def _order(self) -> None:
        backup = self._backup()
        if backup.state != 'NEW':
            # Whoever had the work before has told the guest.
            return
        driver = self._storage(backup)
        store = driver.store()
        self._plan(store.location(self._container, backup.id))
        self._tell(backup, driver)

    def _tell(
        self, backup: backups.Backup, driver: storage.Storage, **more: Any
    ) -> None:
        """Tell the guest to make a backup, or until when it may write it."""
        instance = self.instance()
        parent = self._parent(backup) if backup.parent_id else None
        about = backup_order.info(backup, instance, parent, self._container)
        if self._for_replica:
            about['for_replica'] = True
        guest = self.guest()
        if guest.can_send('create_backup', store={}):
            access = driver.writing(
                self._container,
                backup.id,
                size=backup_order.room(instance),
                parent=parent.location if parent else None,
            )
            self._expires = access.get('expires')
            self._note(expires=self._expires)
            guest.create_backup(
                self.context, backup_info=about, store={**access, **more}
            )
        elif not more:
            tokens.check(self.context, instance.tenant_id)
            self.env.database(sealing.check_token, self.instance_id)
            about |= driver.for_released(self.context)
            LOG.warning(
                'The guest agent of instance %s is of release 26 or older '
                'and gets the token of the user for backup %s, which must be '
                'complete before the token expires. Upgrade the guest agent.',
                self.instance_id,
                backup.id,
            )
            guest.create_backup(self.context, backup_info=about)

    def _note(self, **details: Any) -> None:
        self._keep(
            workflows.add_details, self.instance_id, self.owner, **details
        )

    def _plan(self, location: str) -> None:
        self._keep(
            work.plan, self.instance_id, self._id, self.owner, location
        )

    def _wait(self) -> None:
        """Wait until the guest says that it is done, or says nothing.

        :raises Asleep: it goes on
        :raises StepFailed: it failed, or its guest agent is silent
        """

        def look() -> bool:
            backup = self._backup()
            if backup.state == 'FAILED':
                raise base.StepFailed(reason=self._own_words())
            if not backup.is_running or self._saved() is not None:
                return True
            self._check_guest()
            self._renew(backup)
            if backups.is_stuck(self.conf, backup):
                raise base.StepFailed(
                    reason=f'it has been {backup.state} for '
                    f'{self.conf.running_backups_expires} days without a '
                    'report'
                )
            return False

        if not self.wait(look, 0 if self.taken_over else _FIRST_WAIT):
            raise base.Asleep

    def _renew(self, backup: backups.Backup) -> None:
        """Tell the guest in time until when it may write from now on."""
        driver = self._storage(backup)
        if not driver.needs_renewal(self._expires):
            return
        try:
            stored = driver.stored(self._container, backup.id)
            backup_order.check(self.instance(), size=stored)
            self._tell(backup, driver, renews=True)
        except (
            exception.ObjectStoreUnreachable,
            exception.ServiceUnavailable,
        ) as error:
            LOG.warning(
                'The access of the guest agent for backup %s was not renewed: '
                '%s It is tried again until the access expires.',
                backup.id,
                error,
            )

    def _saved(self) -> Mapping[str, Any] | None:
        """Return what the guest said of what it has stored, all of it."""
        row = self.env.database(workflows.get_workflow, self.instance_id)
        saved: Mapping[str, Any] | None = None
        if row is not None and row.owner == self.owner:
            saved = row.details.get('saved')
        return saved

    def _complete(self) -> None:
        """See that the store has what the guest says.

        :raises Asleep: the store is unreachable, and is asked again later
        """
        backup = self._backup()
        try:
            self._verify(backup)
        except exception.ObjectStoreUnreachable as error:
            if backups.unchanged_for(backup) > _STORE_TIMEOUT:
                raise
            LOG.warning(
                'Backup %s is stored, but not complete: %s It is tried again '
                'for an hour.',
                backup.id,
                error,
            )
            raise base.Asleep from None
        except (base.StepFailed, exception.ObjectStoreError):
            if backup.is_usable:
                # A conductor of a release believed the guest.
                self.env.database(reports.fail, backup.id, 'FAILED')
            raise

    def _verify(self, backup: backups.Backup) -> None:
        location, checksum = str(backup.location), backup.checksum
        store = self._storage(backup).store(location)
        saved = self._saved() if backup.is_running else None
        if saved is not None:
            checksum = saved['checksum']
        parts = saved['parts'] if saved is not None else 0
        backup_order.check(self.instance(), size=0, parts=parts)
        if saved is not None and parts:
            stored = store.assemble(
                self._container,
                backup.id,
                saved['suffix'],
                number=parts,
                checksum=saved['checksum'],
                metadata={**saved['metadata'], **self._metadata(backup)},
            )
            location, checksum = stored.location, stored.checksum
        found = store.head(location)
        backup_order.check(self.instance(), size=found.size)
        if found.checksum != checksum:
            raise errors.damaged(
                f'verify {location}',
                f'its checksum is {found.checksum}, and {checksum} as it was '
                'written',
            )
        self.env.database(logs.note_backup, backup.id, found.metadata)
        if saved is not None:
            self._record(location, checksum)
        self._count()

    def _metadata(self, backup: backups.Backup) -> dict[str, str]:
        """Return what is known here of a backup, whatever its guest says."""
        version = backup.datastore_version
        known: dict[str, str | None] = {}
        if version is not None:
            known['datastore'] = version.datastore_name
            known['datastore-version'] = version.name
        if backup.parent_id is not None:
            parent = self._parent(backup)
            known['parent-location'] = parent.location
            known['parent-checksum'] = parent.checksum
        return {name: value for name, value in known.items() if value}

    def _check_guest(self) -> None:
        most = 2 * self.conf.agent_heartbeat_expiry
        silent_for = self.instance().judged(most).silent_for
        if silent_for is not None:
            raise base.StepFailed(
                reason='the guest agent of the instance has not reported for '
                f'{silent_for} seconds',
                remedy='Check the guest agent; when the operating_status of '
                'the instance is HEALTHY again, make a new backup.',
            )

    def _own_words(self) -> str:
        """Return what the guest says about its failure.

        The fault travels in a message of its own.
        """
        created = self._backup().created
        # Faults are of whole seconds on some databases.
        begun = created.replace(microsecond=0) if created else None

        def look() -> entities.Fault | None:
            fault = self.instance().fault
            if fault is None or (begun is not None and fault.created < begun):
                return None
            return fault

        fault = self.wait(look, _REASON_WAIT)
        if fault is None:
            return 'the guest agent reported that it failed, but not why'
        said = guest_faults.reason(fault.message)
        return f'the guest agent reported: {said}'

    def _delete(self) -> None:
        """Remove what the guest has stored of a backup that failed."""
        try:
            backup = self._backup()
        except exception.NotFound:
            return
        if backup.is_usable:
            return
        store = self._storage(backup).store(backup.location)
        if not store.discard(store.location(self._container, backup.id)):
            LOG.warning(
                'Backup %s failed and has left so many objects in container '
                '%s that not all of them are deleted. Delete the backup.',
                backup.id,
                self._container,
            )
