# SPDX-License-Identifier: Apache-2.0
"""The conductor's endpoint: writes down what guest agents report.

A guest may only speak for its own instance. What it says about who it is
comes in the message, so each message is held against the database: the
instance must exist, a backup must be one of the instance, and the context
must be of the instance's project, which the guests of released peers do not
always name. What does not hold is refused and logged; nobody waits for an
answer. That a message comes from the very guest, and not from another one
that knows both ids, only a key of its own can prove; :meth:`Manager._instance`
is the place for it.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import math
from typing import Any
from typing import ClassVar
from typing import TypeVar

from oslo_config import cfg
from oslo_db import api as oslo_db_api
from oslo_db import exception as oslo_db_exception
from oslo_utils import strutils

from trove.common import context as trove_context
from trove.common import exception as errors
from trove.common import rpc
from trove.conductor import api
from trove.objects import backup as backups
from trove.objects import instance as instances
from trove.objects import root

LOG = logging.getLogger(__name__)

T = TypeVar('T')

Context = trove_context.TroveContext

#: Longest traceback that is kept, in characters.
_MOST_DETAILS = 16_000


class Refused(Exception):
    """A message that its sender may not send."""


class Manager:
    """Serves :class:`trove.conductor.api.API`.

    A method raises nothing because of what a message says. A database that
    does not work is waited for; should it not come back, the message is
    written to the log in full, passwords aside.
    """

    interface: ClassVar[rpc.Interface] = api.API.interface

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def heartbeat(
        self,
        context: Context,
        instance_id: str,
        payload: dict[str, Any],
        sent: float | None = None,
    ) -> None:
        """Keep the newest status and version of a guest."""

        def work() -> None:
            version = _version(instance_id, payload)
            self._instance(context, instance_id, version is not None)
            instances.record_heartbeat(
                instance_id,
                status=_status(instance_id, payload),
                guest_version=version,
                sent=_time(sent),
            )

        self._do('heartbeat', instance_id, work, payload)

    def update_backup(
        self,
        context: Context,
        instance_id: str,
        backup_id: str,
        sent: float | None = None,
        **backup_fields: Any,
    ) -> None:
        """Keep the newest state of a backup."""

        def work() -> None:
            self._instance(context, instance_id)
            try:
                kept = backups.record_update(
                    instance_id,
                    backup_id,
                    sent=_time(sent),
                    fields=backup_fields,
                )
            except errors.NotFound:
                raise Refused(
                    f'it has no backup {backup_id}. If the backup was '
                    'deleted meanwhile, all is well'
                ) from None
            if not kept:
                LOG.info(
                    'Instance %s: an old message about backup %s came late.',
                    instance_id,
                    backup_id,
                )

        self._do('update_backup', instance_id, work, backup_fields)

    def report_root(
        self, context: Context, instance_id: str, user: str | None = None
    ) -> None:
        """Write down that root was enabled, and who did it."""

        def work() -> None:
            self._instance(context, instance_id)
            root.record_enabled(instance_id, user or context.user_id)

        self._do('report_root', instance_id, work, user)

    def notify_end(
        self,
        context: Context,
        serialized_notification: dict[str, Any],
        notification_args: dict[str, Any],
    ) -> None:
        """Take note that something which the API began has ended well."""
        said = _dict(serialized_notification)
        instance_id = said.get('instance_id')

        def work() -> None:
            if instance_id is not None:
                self._instance(context, instance_id)
            LOG.info(
                'Instance %s: %s of request %s ended well.',
                instance_id,
                said.get('notification_classname'),
                said.get('request_id'),
            )

        self._do('notify_end', instance_id, work, None)

    def notify_exc_info(
        self,
        context: Context,
        serialized_notification: dict[str, Any],
        message: str,
        exception: list[str] | str,
    ) -> None:
        """Make what failed in a guest a fault of its instance.

        The instance's task is left to the workflow that waits for the guest.
        """
        instance_id = _dict(serialized_notification).get('instance_id')
        lines = exception if isinstance(exception, list) else [exception]
        said = strutils.mask_password(str(message))
        details = strutils.mask_password(''.join(str(each) for each in lines))

        def work() -> None:
            self._instance(context, instance_id)
            instances.add_fault(
                _text(instance_id), said, details[-_MOST_DETAILS:]
            )

        self._do('notify_exc_info', instance_id, work, said)

    def _instance(
        self,
        context: Context,
        instance_id: object,
        ours: bool | None = None,
    ) -> instances.Instance:
        """Return the instance that a message speaks for.

        :param ours: whether it is of a guest that announces its version, and
            so always names its project; None: as the last heartbeat said
        :raises Refused: it may not speak for it
        """
        try:
            instance = instances.get(
                trove_context.make_admin_context(), _text(instance_id)
            )
        except errors.NotFound:
            raise Refused(
                'there is no such instance. If its server still runs, '
                'delete it from the cloud'
            ) from None
        if ours is None:
            ours = instance.guest_version is not None
        project = context.project_id
        if project == instance.tenant_id:
            return instance
        # Released guests name no project, or that of an administrator who
        # has asked for what they report.
        if ours or (project and not context.is_admin):
            raise Refused(
                f'the message is of project {project}, the instance is not. '
                'Look for a guest agent with a wrong guest_id or tenant_id '
                'in its guest_info.conf, or one that was broken into'
            )
        return instance

    def _do(
        self,
        method: str,
        instance_id: object,
        work: Callable[[], None],
        content: object,
    ) -> None:
        try:
            self._retrying(work)
        except Refused as reason:
            LOG.warning(
                'Refused %s for instance %s: %s.', method, instance_id, reason
            )
        except errors.NotFound:
            LOG.info(
                'Left %s of instance %s alone: it has just been deleted.',
                method,
                instance_id,
            )
        except (errors.TroveError, oslo_db_exception.DBError) as error:
            LOG.error(
                'Could not write down %(method)s of instance %(id)s: '
                '%(error)s Repair the database. The message said: '
                '%(content)s',
                {
                    'method': method,
                    'id': instance_id,
                    'error': error,
                    'content': strutils.mask_password(str(content)),
                },
            )

    def _retrying(self, work: Callable[[], None]) -> None:
        oslo_db_api.wrap_db_retry(
            max_retries=self._conf.conductor.database_retries,
            retry_interval=0.1,
            inc_retry_interval=True,
            max_retry_interval=10,
            exception_checker=lambda error: isinstance(
                error,
                (errors.ServiceUnavailable, oslo_db_exception.DBDeadlock),
            ),
        )(work)()


def _status(
    instance_id: str, payload: dict[str, Any]
) -> instances.ServiceStatus | None:
    text = _dict(payload).get('service_status')
    if text is None:
        return None
    try:
        return instances.ServiceStatus.from_description(str(text))
    except ValueError:
        LOG.warning(
            'The guest agent of instance %s reports the status "%s", which '
            'is unknown here: the status is left as it was. If the guest is '
            'newer than this conductor, upgrade the conductor.',
            instance_id,
            text,
        )
        return None


def _version(instance_id: str, payload: dict[str, Any]) -> str | None:
    text = _dict(payload).get('rpc_version')
    if text is None:
        return None
    try:
        return str(rpc.Version.parse(str(text)))
    except ValueError as error:
        LOG.warning(
            'The guest agent of instance %s reports a version that is none: '
            '%s. It is treated like the oldest; upgrade or restart it.',
            instance_id,
            error,
        )
        return None


def _time(sent: object) -> float | None:
    try:
        value = float(sent) if isinstance(sent, (int, float)) else None
    except OverflowError:
        return None
    return value if value is None or math.isfinite(value) else None


def _text(instance_id: object) -> str:
    if not isinstance(instance_id, str):
        raise Refused('the id of an instance is a text')
    return instance_id


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
