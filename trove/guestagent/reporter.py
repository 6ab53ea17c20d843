# SPDX-License-Identifier: Apache-2.0
"""Reports because of an order: a failure, an enabled root user."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import logging
import traceback
from typing import Any

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.common import guest_faults
from trove.common import masking
from trove.conductor import api as conductor

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext


class Reporter:
    """Reports to the conductors for the guest of one instance.

    :param time_sent: returns the time of a message, see
        :class:`trove.guestagent.monotonic_time.MonotonicTime`
    :param confirm: updates the version of the conductors, since none of these
        reports may be lost
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        conductor: conductor.API,
        time_sent: Callable[[], float],
        confirm: Callable[[], None] = lambda: None,
    ) -> None:
        self._instance_id = conf.guest_id
        self._project_id = conf.tenant_id
        self._conductor = conductor
        self._time_sent = time_sent
        self._confirm = confirm

    @contextlib.contextmanager
    def reporting(self, context: Context, action: str) -> Iterator[None]:
        """Report an error as a fault of the instance, and suppress it.

        For orders whose sender gets no answer.

        :param action: completes "could not ..."
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001
            message = masking.error(
                f'{guest_faults.begins(action)}{_text(error)}'
            )
            details = masking.traceback(
                ''.join(traceback.format_exception(error))
            )
            LOG.error('%s\n%s', message, details)
            self._confirm()
            self._conductor.notify_exc_info(
                self._own(context),
                serialized_notification={
                    'instance_id': self._instance_id,
                    'request_id': context.request_id,
                    'server_type': 'guest',
                },
                message=message,
                exception=details.splitlines(keepends=True),
            )

    def root_enabled(self, context: Context) -> None:
        """Report that root was enabled, which is recorded permanently."""
        self._confirm()
        try:
            self._conductor.report_root(
                self._own(context),
                instance_id=self._instance_id,
                # Conductors of release 8 use this value only.
                user=context.user_id,
            )
        except exception.TroveError as error:
            LOG.error(
                'Root was enabled, but this could not be reported to the '
                'conductors: %s The history of root lacks it.',
                error,
            )

    def backup_failed(self, context: Context, backup_id: str) -> None:
        """Report that a backup has failed."""
        try:
            self.backup(context, backup_id, state='FAILED')
        except exception.TroveError as error:
            LOG.error(
                'Could not report to the conductors that backup %s failed: '
                '%s It stays BUILDING, and no other one is made; delete it '
                'after ten minutes.',
                backup_id,
                error,
            )

    def backup(self, context: Context, backup_id: str, **fields: Any) -> None:
        """Have it written down how far a backup is.

        :param fields: columns of the backup with their new values, and
            ``progress``, the bytes that are stored so far
        :raises trove.common.exception.TroveError: the conductors could not be
            told
        """
        self._confirm()
        self._conductor.update_backup(
            self._own(context),
            instance_id=self._instance_id,
            backup_id=backup_id,
            sent=self._time_sent(),
            **fields,
        )

    def _own(self, context: Context) -> Context:
        """Return the guest's own context for a request of another user.

        The user may be an administrator; the guest is not.
        """
        return Context(
            project_id=self._project_id,
            user_id=context.user_id,
            request_id=context.request_id,
            overwrite=False,
        )


def _text(error: Exception) -> str:
    """Return the text of an error for users."""
    if isinstance(error, exception.TroveError):
        return str(error)
    return f'{type(error).__name__}: {error}'
