# SPDX-License-Identifier: Apache-2.0
"""Records rejected messages and reports them.

A cast that its receiver cannot process is acknowledged all the same, and its
sender does not notice. So the receiver records it. Its instance gets a fault,
and its task ends. After an upgrade an operator can replay the message.
"""

from __future__ import annotations

from collections.abc import Callable
import itertools
import json
import logging

from oslo_config import cfg

from trove.common import rpc
from trove.common import seldom
from trove.common import text
from trove.objects.instance import rejected_tasks
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.peers import flood
from trove.peers import retrying

LOG = logging.getLogger(__name__)

#: Periodic messages: each replaces the one before.
_RENEWED = (('conductor', 'heartbeat'),)

#: Remedies by cause.
_REMEDIES = {
    'age': 'Check clocks and queues, and whether it was carried out before, '
    'for it may be a replay',
    'unread': 'Fix the cause',
}
_UPGRADE = 'Upgrade the older of sender and receiver'


class Recorder:
    """Records the rejected messages of a service; an ``rpc.Sink``.

    :param group: the options of the service: ``conductor``, ``taskmanager``
    """

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        self._group = group
        self._seldom = seldom.Seldom()
        self._stopped = False
        self._limiter = flood.Limiter(self._hostile)

    def __call__(self, rejection: rpc.Rejection) -> None:
        """Record it and log it; an honest one also gives a fault.

        It raises nothing. Database errors are retried; after the last retry
        the message is logged, with masked secrets.
        """
        if not rejection.honest:
            self._limiter(rejection)
            return
        if self._stopped:
            _log_in_full(rejection, 'the service is stopped.')
            return
        try:
            self._honest(rejection)
        except Exception:
            LOG.exception('Could not record a rejected message.')
            _log_in_full(rejection, 'see above')

    def doubt(self, rejection: rpc.Rejection) -> Callable[[], None]:
        """Record a message that may still be processed; see ``rpc.Doubting``.

        It does not retry: the messages that follow wait for it.
        """
        row = self._record(rejection)

        def settle() -> None:
            # The row of a kind stays: it counts other messages as well.
            if row.id == recording.key_of(rejection.to_dict()):
                journal.remove(row.id)

        return settle

    def stop(self) -> None:
        """Stop retries of database errors; log messages instead."""
        self._stopped = True

    def take_over(
        self,
        rejection: rpc.Rejection,
        told: bool = False,
        masked: bool = False,
    ) -> None:
        """Record a message that a guest rejected, and keeps until then.

        :param told: the instance has the fault already
        :param masked: its secrets are missing, so that it cannot be replayed
        :raises ServiceUnavailable, DBError: it was not recorded
        """
        if rejection.honest:
            self._report(rejection, self._record(rejection, masked), told)
        else:
            self._limiter(rejection)

    def _honest(self, rejection: rpc.Rejection) -> None:
        try:
            row = self._record_retrying(rejection)
        except retrying.ERRORS as error:
            _log_in_full(rejection, str(error))
        else:
            self._report(rejection, row, told=False)

    def _report(
        self, rejection: rpc.Rejection, row: recording.Recorded, told: bool
    ) -> None:
        renewed = _is_renewed(rejection)
        again = renewed or rejection.cause == 'age'
        left_out: int | None = None
        if row.new or renewed:
            kind = flood.kind(rejection)
            left_out = self._seldom.due(kind) if again else 0
        if left_out is not None:
            LOG.error(
                'Rejected %s. %s, then see "trove-rpc rejected show %s".%s',
                _describe(rejection),
                _REMEDIES.get(rejection.cause, _UPGRADE),
                row.id,
                seldom.told(left_out),
            )
        if not row.new or renewed or rejection.kind != 'cast':
            return
        if not _is_proven(rejection):
            return
        self._add_fault(rejection, row.id, told)

    def _record_retrying(
        self, rejection: rpc.Rejection
    ) -> recording.Recorded:
        """Record it, and retry database errors."""
        tries = itertools.count()

        def record() -> recording.Recorded:
            again = next(tries) > 0
            row = self._record(rejection)
            # An earlier try may have recorded it and lost the reply.
            return row._replace(new=True) if again else row

        return retrying.retrying(self._conf, self._group, record)

    def _add_fault(
        self, rejection: rpc.Rejection, row: str, told: bool
    ) -> None:
        try:
            retrying.retrying(
                self._conf, self._group, _end_task, rejection, row, told
            )
        except retrying.ERRORS as error:
            LOG.error(
                'Could not add a fault to instance %s for rejected message '
                '%s: %s Repair the database.',
                rejection.instance_id,
                row,
                error,
            )

    def _hostile(self, rejection: rpc.Rejection, count: int) -> None:
        left_out = self._seldom.due(flood.kind(rejection), count)
        if left_out is not None:
            LOG.warning(
                'Refused %s. If there are more such messages, find out who '
                'sends them ("trove-rpc rejected list").%s',
                _describe(rejection),
                seldom.told(left_out),
            )
        try:
            self._record(rejection, count=count)
        except retrying.ERRORS as error:
            if self._seldom.due('database') is not None:
                _log_in_full(rejection, str(error))
        except Exception:
            LOG.exception('Could not record a rejected message.')
            _log_in_full(rejection, 'see above')

    def _record(
        self, rejection: rpc.Rejection, masked: bool = False, count: int = 1
    ) -> recording.Recorded:
        return recording.record(
            self._conf,
            rejection.to_dict(),
            rejection.masked(),
            host=self._conf.host,
            instance_id=rejection.instance_id,
            replayable=rejection.replayable and not masked,
            fold=_is_renewed(rejection),
            count=count,
        )


def _is_renewed(rejection: rpc.Rejection) -> bool:
    return (rejection.interface, rejection.method) in _RENEWED


def _is_proven(rejection: rpc.Rejection) -> bool:
    """Return whether it is proven that it was sent just now.

    Otherwise an attacker could end the jobs of others.
    """
    if rejection.cause == 'age':
        # It may be a replay of a message that was carried out long ago.
        return False
    return rejection.cause != 'unread' or rejection.proven


def _describe(rejection: rpc.Rejection) -> str:
    whom = f' of instance {rejection.peer}' if rejection.peer else ''
    sender = (
        f'instance {rejection.sender}' if rejection.sender else 'a service'
    )
    return (
        f'{rejection.interface}{whom} {_printable(rejection.method)} '
        f'{_printable(rejection.version)} from {sender}, request '
        f'{_printable(str(rejection.request_id))}: {rejection.reason}'
    )


def _printable(said: str) -> str:
    return text.printable(said, 100)


def _log_in_full(rejection: rpc.Rejection, error: str) -> None:
    """Log a message with masked secrets; it raises nothing."""
    try:
        LOG.error(
            'Could not record the rejected message %(what)s: %(error)s '
            'Repair the database, fix the cause of the rejection, and repeat '
            'the request. Arguments: %(arguments)s',
            {
                'what': _describe(rejection),
                'error': error,
                'arguments': _shown(rejection),
            },
        )
    except Exception:
        LOG.exception('Could not log a rejected message.')


def _shown(rejection: rpc.Rejection) -> str:
    try:
        return json.dumps(rejection.masked(), default=str, sort_keys=True)
    except Exception as error:  # noqa: BLE001
        # Without its arguments the message is still worth logging.
        return f'({type(error).__name__})'


def _end_task(rejection: rpc.Rejection, row: str, told: bool) -> None:
    """Give the instance a fault, and end the task of the message.

    :param told: it has the fault already
    """
    instance_id = rejection.instance_id
    if instance_id is None:
        return
    rejected_tasks.reject_task(
        instance_id,
        request_id=rejection.request_id,
        message=(
            None
            if told
            else f'Could not {_words(rejection)}: the message was not '
            'understood. Repeat the request when an administrator says that '
            'the upgrade is done.'
        ),
        details=f'{rejection.reason}\nRequest '
        f'{_printable(str(rejection.request_id))}, '
        f'{rejection.interface} {_printable(rejection.method)} '
        f'{_printable(rejection.version)}. Administrators: "trove-rpc '
        f'rejected show {row}".',
        action=(
            rejection.method if rejection.interface == 'taskmanager' else None
        ),
        rejected_id=row,
        # A task manager would wait in vain for a guest that rejected an order.
        running=rejection.interface == 'guestagent',
    )


def _words(rejection: rpc.Rejection) -> str:
    return _printable(rejection.method).replace('_', ' ')
