# SPDX-License-Identifier: Apache-2.0
"""The conductor's endpoint: records the reports of guest agents.

A guest may only report about its own instance, see :mod:`.authority`. Other
reports are refused and logged; no sender waits for an answer. A report of
one guest in the name of another is recorded as a rejection as well.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
from typing import Any
from typing import ClassVar

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception as errors
from trove.common import masking
from trove.common import rpc
from trove.common import seldom
from trove.conductor import api
from trove.conductor import authority
from trove.conductor import guest_reports
from trove.conductor import heartbeats
from trove.objects import root
from trove.objects.backup import reports as backup_reports
from trove.objects.guest import heartbeats as guest_heartbeats
from trove.objects.instance import instances
from trove.peers import rejections
from trove.peers import retrying

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext

_EXPECTED = (guest_reports.Refused, errors.TroveError, *retrying.ERRORS)

#: Maximum characters of an error and of a traceback that are recorded.
_MAX_ERROR = 4000
_MAX_TRACEBACK = 16_000


class Manager:
    """Serves :class:`trove.conductor.api.API`.

    No method raises because of the content of a message, except where its
    docstring says so. Database errors are retried; when the retries are
    exhausted, the message is logged in full, with passwords masked.

    :param recorder: records rejected and forged messages
    :param writer: records heartbeats
    :param speaks: returns the lowest revision of all live conductors
    :param held: returns whether a guest is to accept the released form
        until revoked
    """

    interface: ClassVar[rpc.Interface] = api.API.interface

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        recorder: rejections.Recorder,
        writer: heartbeats.Writer,
        speaks: Callable[[], str],
        held: Callable[[str | None], bool] = lambda instance_id: False,
    ) -> None:
        self._held = held
        self._conf = conf
        self._recorder = recorder
        self._writer = writer
        self._speaks = speaks
        self._seldom = seldom.Seldom()

    def get_versions(self, context: Context) -> dict[str, str]:
        """Return the versions that all live conductors support."""
        answer = {self.interface.name: self._speaks()}
        if self._held(context.sender):
            answer[api.RELEASED] = 'held'
        return answer

    def heartbeat(
        self,
        context: Context,
        instance_id: str,
        payload: dict[str, Any],
        sent: float | None = None,
    ) -> None:
        """Record the newest status and version of a guest."""

        def settle(error: Exception | None) -> None:
            if error is not None:
                self._failed(
                    context, 'heartbeat', instance_id, payload, error
                )

        try:
            known = authority.check_sender(context, instance_id)
        except guest_reports.Refused as reason:
            settle(reason)
            return
        version = guest_reports.announced(known, payload)
        self._writer.put(
            guest_heartbeats.Report(
                known,
                status=guest_reports.status(known, payload),
                guest_version=version,
                sent=guest_reports.seconds(sent),
                sealed=context.sealed,
                seals=guest_reports.seals(version),
                server_version=guest_reports.server_version(payload),
                replication=guest_reports.replication(payload),
                trouble=guest_reports.trouble(payload),
                check=lambda tenant_id: authority.check_project(
                    context, tenant_id, bool(version)
                ),
            ),
            settle,
        )

    def update_backup(
        self,
        context: Context,
        instance_id: str,
        backup_id: str,
        sent: float | None = None,
        **backup_fields: Any,
    ) -> None:
        """Record the newest state of a backup."""

        def work() -> None:
            authority.instance(context, instance_id)
            try:
                kept = backup_reports.record_update(
                    instance_id,
                    backup_id,
                    sent=guest_reports.seconds(sent),
                    fields=backup_fields,
                )
            except errors.NotFound:
                raise guest_reports.Refused(
                    'it has no backup %s. If the backup was deleted '
                    'meanwhile, no action is required',
                    backup_id,
                ) from None
            except errors.BadRequest as error:
                raise guest_reports.Refused(
                    'malformed report of a backup: %s. Look for a guest '
                    'agent that was broken into, or upgrade it',
                    error,
                ) from None
            if not kept:
                LOG.info(
                    'Ignoring a stale message of instance %s about backup %s.',
                    instance_id,
                    backup_id,
                )

        self._do(context, 'update_backup', instance_id, work, backup_fields)

    def report_root(
        self, context: Context, instance_id: str, user: str | None = None
    ) -> None:
        """Record that root was enabled, and who enabled it."""

        def work() -> None:
            authority.instance(context, instance_id)
            root.record_reported(instance_id, user or context.user_id)

        self._do(context, 'report_root', instance_id, work, user)

    def report_rejected(
        self, context: Context, instance_id: str, rejection: dict[str, Any]
    ) -> None:
        """Record a message that a guest has rejected and keeps until then.

        :raises BadRequest: malformed, or not of the instance's guest
        :raises ServiceUnavailable: the database is unavailable
        """
        try:
            with retrying.unavailable():
                authority.instance(context, instance_id)
                found = guest_reports.rejection(instance_id, rejection)
                # Guests report to old conductors before they find a new one.
                report = guest_reports.dictionary(rejection)
                self._recorder.take_over(
                    found,
                    told=report.get('told') is True,
                    masked=report.get('masked') is True,
                )
        except guest_reports.Refused as reason:
            self._refused(context, 'report_rejected', instance_id, reason)
            raise errors.BadRequest(reason=f'{reason}.') from None

    def notify_end(
        self,
        context: Context,
        serialized_notification: dict[str, Any],
        notification_args: dict[str, Any],
    ) -> None:
        """Log that an operation which the API began has succeeded."""
        notification = guest_reports.dictionary(serialized_notification)
        instance_id = notification.get('instance_id')

        def work() -> None:
            if instance_id is not None:
                authority.instance(context, instance_id)
            LOG.info(
                'Instance %s: %s of request %s succeeded.',
                instance_id,
                notification.get('notification_classname'),
                notification.get('request_id'),
            )

        self._do(context, 'notify_end', instance_id, work, None)

    def notify_exc_info(
        self,
        context: Context,
        serialized_notification: dict[str, Any],
        message: str,
        exception: list[str] | str,
    ) -> None:
        """Record the failure of an operation in a guest as a fault.

        The workflow that waits for the guest ends the instance's task.
        """
        notification = guest_reports.dictionary(serialized_notification)
        instance_id = notification.get('instance_id')
        lines = exception if isinstance(exception, list) else [exception]
        text = masking.error(message, _MAX_ERROR)
        details = masking.traceback(
            ''.join(str(each) for each in lines), _MAX_TRACEBACK
        )

        def work() -> None:
            known = authority.instance(context, instance_id)
            instances.add_fault(known.id, text, details)

        self._do(context, 'notify_exc_info', instance_id, work, text)

    def _do(
        self,
        context: Context,
        method: str,
        instance_id: object,
        work: Callable[[], None],
        content: object,
    ) -> None:
        try:
            retrying.retrying(self._conf, 'conductor', work)
        except _EXPECTED as error:
            self._failed(context, method, instance_id, content, error)

    def _failed(
        self,
        context: Context,
        method: str,
        instance_id: object,
        content: object,
        error: Exception,
    ) -> None:
        if isinstance(error, guest_reports.Refused):
            self._refused(context, method, instance_id, error)
        elif isinstance(error, errors.NotFound):
            LOG.info(
                'Ignoring %s of instance %s, which has just been deleted.',
                method,
                instance_id,
            )
        else:
            LOG.error(
                'Could not record %(method)s of instance %(id)s: '
                '%(error)s Repair the database. Content of the message: '
                '%(content)s',
                {
                    'method': method,
                    'id': instance_id,
                    'error': error,
                    'content': masking.error(content, _MAX_ERROR),
                },
                # Unexpected, so a bug in the conductor.
                exc_info=None if isinstance(error, _EXPECTED) else error,
            )

    def _refused(
        self,
        context: Context,
        method: str,
        instance_id: object,
        reason: guest_reports.Refused,
    ) -> None:
        left_out = self._seldom.due(
            (method, reason.cause, str(context.sender or instance_id)[:64])
        )
        if left_out is not None:
            LOG.warning(
                'Refused %s for instance %s: %s.%s',
                method,
                instance_id,
                reason,
                seldom.told(left_out),
            )
        if not isinstance(reason, authority.Forged):
            return
        self._recorder(
            rpc.Rejection(
                interface=self.interface.name,
                peer=None,
                sender=context.sender,
                method=method,
                version=str(self.interface.latest),
                kind='cast',
                cause='seal',
                reason=f'{reason}.',
                arguments={'instance_id': instance_id},
                request_id=context.request_id,
                project_id=context.project_id,
                user_id=context.user_id,
            )
        )
