# SPDX-License-Identifier: Apache-2.0
"""Replays rejected messages."""

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
    """Send a rejected message again.

    It has the request id and project of the original, and is planned for the
    present version of the receiver. The instance's task, which ended with a
    fault, begins again.

    An interrupted replay leaves the message in state ``replaying``. After
    :data:`.journal.INTERRUPTED` seconds it can be replayed by its id; whether
    it was sent before is unknown then, and logged.

    :raises NotFound: there is no such message, or its instance was deleted
    :raises NotReplayable: with the reason and the remedy
    :raises InstanceBusy, QuotaExceeded: the instance's task cannot begin
    :raises PeerTooOld, PeerUnreachable: the receiver still cannot process it;
        the message keeps waiting
    """
    record = journal.get(rejected_id)
    rejection = _open(conf, record)
    if not journal.mark(rejected_id, journal.REPLAYING):
        raise exception.NotReplayable(
            id=rejected_id,
            reason='another process replays or discards it',
            remedy=f'See "trove-rpc rejected show {rejected_id}".',
        )
    if record.interrupted:
        LOG.warning(
            'The replay of rejected message %s at %s UTC was interrupted. It '
            'is sent now, and may have been sent then. Check whether request '
            '%s was carried out twice.',
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
            'Rejected message %s was replayed, but that could not be '
            'recorded. Do not replay it again. Repair the database, and run '
            '"trove-rpc rejected discard %s" after %s seconds.',
            rejected_id,
            rejected_id,
            int(journal.INTERRUPTED),
        )
        raise


def _open(conf: cfg.ConfigOpts, record: journal.Rejected) -> rpc.Rejection:
    """Return the message in full.

    :raises NotReplayable: it must not, or cannot, be sent
    """
    discard = f'Discard it: "trove-rpc rejected discard {record.id}".'
    if record.state == journal.REPLAYING and not record.interrupted:
        raise exception.NotReplayable(
            id=record.id,
            reason='it is being replayed, or its replay was interrupted',
            remedy='If it stays in this state, check whether it was carried '
            f'out; if not, replay it {int(journal.INTERRUPTED)} seconds '
            f'after {record.updated} UTC.',
        )
    if record.state not in (recording.WAITING, journal.REPLAYING):
        raise exception.NotReplayable(
            id=record.id,
            reason=f'it is {record.state} already',
            remedy='To carry it out again, repeat the request.',
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
            'no key (inst_rpc_key_encr_key, or of the guest) to encrypt them',
            remedy=f'Repeat the request. {discard}',
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
        # The conductors accept it only from that guest.
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
                message=f'The replay failed: {error}',
                action=rejection.method,
                rejected_id=rejected_id,
                running=rejection.peer is not None,
            )
        raise
    LOG.info(
        'Replayed %s %s of request %s.',
        rejection.interface,
        rejection.method,
        rejection.request_id,
    )
