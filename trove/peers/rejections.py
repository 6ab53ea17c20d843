# SPDX-License-Identifier: Apache-2.0
"""Messages that a service could not take: written down, told of, replayed.

A cast that its receiver cannot take is acknowledged all the same, and its
sender never learns. So the receiver writes it down; the instance that it
concerned gets a fault and its task ends, for nobody works on it; and after
the upgrade an operator has it sent once more.
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

#: What comes again by itself, and then says all that this one said.
_RENEWED = (('conductor', 'heartbeat'),)

#: What an operator is to do; in other cases an upgrade helps.
_ADVICE = {
    'age': 'compare with what was done first, for it may be a copy, and have '
    'clocks and queues checked',
    'unread': 'repair what kept it from being read',
}


class Recorder:
    """Writes down what a service could not take; an ``rpc.Sink``.

    :param group: the options of the service: ``conductor``, ``taskmanager``
    :param host: name of the service
    """

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        self._group = group
        self._seldom = seldom.Seldom()
        self._stopped = False
        self._strangers = flood.Dam(self._hostile)

    def __call__(self, rejection: rpc.Rejection) -> None:
        """Write it down, tell the operator and, of honest ones, the user.

        It raises nothing. A database that does not work is waited for;
        should it not come back, the log gets all but the secrets.
        """
        if not rejection.honest:
            self._strangers(rejection)
            return
        if self._stopped:
            _log_in_full(rejection, 'the service is stopped.')
            return
        try:
            self._honest(rejection)
        except Exception:
            LOG.exception('Could not write down a message that was rejected.')
            _log_in_full(rejection, 'see above')

    def doubt(self, rejection: rpc.Rejection) -> Callable[[], None]:
        """Write down what is not so yet; see ``rpc.Doubting``.

        It waits for no database: what is read meanwhile waits for it.
        """
        row = self._record(rejection)

        def settle() -> None:
            # One that is counted in the row of others cannot be told from
            # them.
            if row.id == recording.key_of(rejection.to_dict()):
                journal.remove(row.id)

        return settle

    def stop(self) -> None:
        """Wait for no database any more: the log gets it all."""
        self._stopped = True

    def take_over(
        self,
        rejection: rpc.Rejection,
        told: bool = False,
        masked: bool = False,
    ) -> None:
        """Write down what a guest could not take, which it keeps until then.

        :param told: the user knows already
        :param masked: its secrets are missing, so that it cannot be sent
            again
        :raises ServiceUnavailable, DBError: it is not written down
        """
        if rejection.honest:
            self._tell_of(rejection, self._record(rejection, masked), told)
        else:
            self._strangers(rejection)

    def _honest(self, rejection: rpc.Rejection) -> None:
        try:
            row = self._surely(rejection)
        except retrying.ERRORS as error:
            _log_in_full(rejection, str(error))
        else:
            self._tell_of(rejection, row, told=False)

    def _tell_of(
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
                'Could not take %s. It was written down: %s, then see '
                '"trove-rpc rejected show %s".%s',
                _describe(rejection),
                _ADVICE.get(rejection.cause, 'upgrade what is too old'),
                row.id,
                seldom.told(left_out),
            )
        if not row.new or renewed or rejection.kind != 'cast':
            return
        if not _is_proven(rejection):
            return
        self._tell(rejection, row.id, told)

    def _surely(self, rejection: rpc.Rejection) -> recording.Recorded:
        """Write it down, as often as it takes."""
        tries = itertools.count()

        def record() -> recording.Recorded:
            again = next(tries) > 0
            row = self._record(rejection)
            # What a try before has written, while its answer got lost, is
            # new all the same.
            return row._replace(new=True) if again else row

        return retrying.retrying(self._conf, self._group, record)

    def _tell(self, rejection: rpc.Rejection, row: str, told: bool) -> None:
        try:
            retrying.retrying(
                self._conf, self._group, _tell_user, rejection, row, told
            )
        except retrying.ERRORS as error:
            LOG.error(
                'Could not give instance %s a fault because of the rejected '
                'message %s: %s Repair the database.',
                rejection.instance_id,
                row,
                error,
            )

    def _hostile(self, rejection: rpc.Rejection, count: int) -> None:
        left_out = self._seldom.due(flood.kind(rejection), count)
        if left_out is not None:
            LOG.warning(
                'Refused %s. If such messages go on, find out who sends them '
                '("trove-rpc rejected list").%s',
                _describe(rejection),
                seldom.told(left_out),
            )
        try:
            self._record(rejection, count=count)
        except retrying.ERRORS as error:
            if self._seldom.due('database') is not None:
                _log_in_full(rejection, str(error))
        except Exception:
            LOG.exception('Could not write down a message that was rejected.')
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
    """Whether it is sure that somebody asked for it just now.

    Otherwise a stranger could end the work of others by what he sends.
    """
    if rejection.cause == 'age':
        # It may be a copy of what was carried out long ago.
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
    """Log all but the secrets; whatever the message is, it raises nothing."""
    try:
        LOG.error(
            'Could not write down that %(what)s was rejected: %(error)s '
            'Repair the database, upgrade what is too old, and ask for it '
            'anew. The message said: %(arguments)s',
            {
                'what': _describe(rejection),
                'error': error,
                'arguments': _shown(rejection),
            },
        )
    except Exception:
        LOG.exception('Could not log a message that was rejected.')


def _shown(rejection: rpc.Rejection) -> str:
    try:
        return json.dumps(rejection.masked(), default=str, sort_keys=True)
    except Exception as error:  # noqa: BLE001
        # Who it was of is still worth knowing.
        return f'({type(error).__name__})'


def _tell_user(rejection: rpc.Rejection, row: str, told: bool) -> None:
    """Give the instance a fault, and end what it waits for.

    :param told: it has a fault already
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
            'understood. Repeat it when an administrator says that the '
            'upgrade is done.'
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
        # What a guest cannot do, a task manager waits for in vain.
        running=rejection.interface == 'guestagent',
    )


def _words(rejection: rpc.Rejection) -> str:
    return _printable(rejection.method).replace('_', ' ')
