# SPDX-License-Identifier: Apache-2.0
"""Sends once more what a receiver could not take."""

from __future__ import annotations

import logging

from oslo_config import cfg

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.objects.instance import rejected_tasks
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.peers import connection
from trove.peers import versions

LOG = logging.getLogger(__name__)


def replay(
    conf: cfg.ConfigOpts, transport: rpc.Transport, rejected_id: str
) -> None:
    """Send once more what could not be taken, now that it can be.

    It goes out as what the sender asked for: under its request id and
    project, planned for what the receiver speaks now. The instance's task,
    which ended with a fault, begins anew.

    Who is interrupted leaves it as ``replaying``; some minutes later it can
    be replayed once more. Whether it was sent the first time nobody knows
    then, which the log says: so only who names it repeats it.

    :raises NotFound: there is no such record, or its instance is gone
    :raises NotReplayable: the text says why, and what to do instead
    :raises InstanceBusy, QuotaExceeded: the instance's task cannot begin
    :raises PeerTooOld, PeerUnreachable: the receiver still cannot take it;
        the record waits on
    """
    record = journal.get(rejected_id)
    rejection = _open(conf, record)
    if not journal.mark(rejected_id, journal.REPLAYING):
        raise exception.NotReplayable(
            id=rejected_id,
            reason='somebody else replays or discards it at this moment',
            remedy=f'See "trove-rpc rejected show {rejected_id}".',
        )
    if record.interrupted:
        LOG.warning(
            'Rejected message %s was being replayed at %s UTC, and that was '
            'interrupted: it is sent now, and may have been sent then. See '
            'whether it is done twice: request %s.',
            rejected_id,
            record.updated,
            record.request_id,
        )
    try:
        _send(conf, transport, rejected_id, rejection)
    except BaseException:
        journal.mark(
            rejected_id, recording.WAITING, expected=journal.REPLAYING
        )
        raise
    try:
        journal.mark(
            rejected_id, journal.REPLAYED, expected=journal.REPLAYING
        )
    except Exception:
        LOG.error(
            'Rejected message %s was sent again, but that could not be '
            'written down. Do not replay it: when the database works, run '
            '"trove-rpc rejected discard %s", %s seconds from now.',
            rejected_id,
            rejected_id,
            int(journal.INTERRUPTED),
        )
        raise


def _open(conf: cfg.ConfigOpts, record: journal.Rejected) -> rpc.Rejection:
    """Return the message in full.

    :raises NotReplayable: it is not to be sent, or cannot be any more
    """
    discard = f'Discard it: "trove-rpc rejected discard {record.id}".'
    if record.state == journal.REPLAYING and not record.interrupted:
        raise exception.NotReplayable(
            id=record.id,
            reason='it is being replayed, or that was interrupted',
            remedy='If it stays so, look whether it was carried out; if not, '
            f'replay it {int(journal.INTERRUPTED)} seconds after '
            f'{record.updated} UTC.',
        )
    if record.state not in (recording.WAITING, journal.REPLAYING):
        raise exception.NotReplayable(
            id=record.id,
            reason=f'it is {record.state} already',
            remedy='If it has to be done again, ask for it anew.',
        )
    if record.kind != 'cast' or record.cause in recording.HOSTILE:
        raise exception.NotReplayable(
            id=record.id,
            reason=f'it is a {record.kind} that was refused because of its '
            f'{record.cause}',
            remedy=f'Find out who sent it. {discard}',
        )
    try:
        return rpc.Rejection.from_dict(journal.full(conf, record.id))
    except exception.Unprocessable:
        raise exception.NotReplayable(
            id=record.id,
            reason='it was not kept in full: it has secrets, and there was '
            'no key (inst_rpc_key_encr_key, or of the guest) to keep them '
            'with',
            remedy=f'Ask for it anew. {discard}',
        ) from None


def _send(
    conf: cfg.ConfigOpts,
    transport: rpc.Transport,
    rejected_id: str,
    rejection: rpc.Rejection,
) -> None:
    interface = versions.CLIENTS[rejection.interface].interface
    rejection = transport.opened(interface, rejection)
    context = trove_context.make_admin_context(
        request_id=rejection.request_id,
        project_id=rejection.project_id,
        user_id=rejection.user_id,
    )
    if rejection.interface == 'conductor' and rejection.sender:
        # The conductors take it from that guest only.
        transport = connection.as_guest(transport, rejection.sender)
    client = versions.CLIENTS[rejection.interface](transport, rejection.peer)
    reopened = rejected_tasks.reopen_task(conf, rejected_id)
    try:
        client.resend(context, rejection.method, rejection.arguments)
    except BaseException as error:
        if reopened:
            rejected_tasks.reject_task(
                rejection.instance_id or '',
                request_id=rejection.request_id,
                message=f'It was sent again in vain: {error}',
                action=rejection.method,
                rejected_id=rejected_id,
                running=rejection.peer is not None,
            )
        raise
    LOG.info(
        'Sent %s %s of request %s once more.',
        rejection.interface,
        rejection.method,
        rejection.request_id,
    )
