# SPDX-License-Identifier: Apache-2.0
"""Waits of workflows for the reports of a guest agent.

A guest reports to the conductors, which record it. So workflows poll the
database and not the guest, with one exception: a released guest agent reports
nothing before it gets the order to prepare its database. So a new guest
without a heartbeat is probed for its version.
"""

from __future__ import annotations

import logging
import time

from trove.cloud import base as cloud_base
from trove.common import broker_accounts
from trove.common import exception
from trove.common import guest_faults
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.objects.guest import server_version
from trove.objects.instance import entities
from trove.objects.instance import states
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: The statuses of a database server that accepts connections.
USABLE = frozenset(
    {states.ServiceStatus.RUNNING, states.ServiceStatus.HEALTHY}
)

#: The statuses that a database server does not leave without an operator.
FAILED = frozenset(
    {
        states.ServiceStatus.FAILED,
        states.ServiceStatus.FAILED_TIMEOUT_GUESTAGENT,
    }
)

#: Timeout in seconds for the fault in which a guest reports why it failed:
#: it arrives in a message of its own, after the status.
_REASON_TIMEOUT = 2.0

_CHECK_LOG = (
    'Check the log of the guest agent, its connection to the message broker, '
    'and that a conductor runs (trove-manage service_list).'
)

_CHECK_CONDUCTOR = (
    'Check that a conductor runs (trove-manage service_list), and that guests '
    'reach the message broker.'
)

#: Heartbeat intervals after which, and between which, a new guest without a
#: heartbeat is probed: one of this tree has reported by then.
_PROBE_AFTER_BEATS = 2


def forget_version(workflow: base.Workflow) -> None:
    """Drop the recorded version of the guest agent of a restarted server.

    Its image may hold another agent than the one that ran before.
    """
    workflow.env.database(
        guest_versions.record_probe, workflow.instance_id, None
    )
    workflow.env.transport.caps.forget('guestagent', workflow.instance_id)


def last_sent(
    workflow: base.Workflow, instance_id: str | None = None
) -> float:
    """Return when the guest sent its newest heartbeat, by its own clock."""
    beat = workflow.env.database(
        heartbeats.heartbeat, instance_id or workflow.instance_id
    )
    return (beat.sent if beat is not None else None) or 0.0


class _NewGuest:
    """A guest agent that has sent no heartbeat yet."""

    def __init__(self, workflow: base.Workflow) -> None:
        self._workflow = workflow
        self._interval: float = (
            _PROBE_AFTER_BEATS * workflow.conf.agent_heartbeat_time
        )
        self._due = time.monotonic() + self._interval
        self.seen = 'sent no heartbeat'
        self.why = 'it did not start or reaches no conductor'

    def is_ready(self) -> bool:
        """Whether it sent a heartbeat, or is of a release and answers.

        The answer to the probe is believed like that of any peer without an
        announcement (see ``trove/common/rpc/_caps/caps.py``). A guest of this
        tree must send a heartbeat all the same: that proves its key.
        """
        if last_sent(self._workflow):
            return True
        if time.monotonic() < self._due:
            return False
        forget_version(self._workflow)
        client = self._workflow.guest()
        known, ours = client.known, client.is_sealing
        self._due = time.monotonic() + self._interval
        if known and ours:
            self.seen = 'answers, but sent no heartbeat'
            self.why = 'it reaches no conductor'
        return known and not ours


def wait_for_agent(workflow: base.Workflow, seconds: float) -> None:
    """Wait until a new guest agent can get the order to prepare.

    :param seconds: the timeout
    :raises StepFailed: after the timeout
    """
    agent = _NewGuest(workflow)
    if not workflow.wait(agent.is_ready, seconds):
        raise base.StepFailed(
            reason=f'its guest agent {agent.seen} within {seconds:g} '
            f'seconds, so {agent.why}{_server(workflow)}',
            remedy=_CHECK_CONDUCTOR,
        )


def _server(workflow: base.Workflow) -> str:
    """Return what the status of the server says about a silent agent."""
    try:
        server = workflow.cloud.compute.get_server(
            workflow.context, workflow.instance_id
        )
    except exception.CloudError:
        return ''
    if server is None:
        return '; its server has disappeared'
    if server.status == cloud_base.ACTIVE:
        return ''
    return f'; its server stopped by itself, with the status {server.status}'


def wait_until_usable(
    workflow: base.Workflow,
    seconds: float,
    newer_than: float = 0.0,
    order: str = '',
    instance_id: str | None = None,
) -> None:
    """Wait until the guest reports a usable database.

    :param seconds: the timeout
    :param newer_than: heartbeats up to this one do not count; its time of
        sending, by the guest's clock
    :param order: the order that it got before, such as "prepare"
    :param instance_id: of another instance
    :raises StepFailed: it reported a failure, or the timeout is over
    """
    seen: list[heartbeats.Heartbeat] = []

    def look() -> bool:
        beat = workflow.env.database(
            heartbeats.heartbeat, instance_id or workflow.instance_id
        )
        # Any other time is a later heartbeat, even if the guest's clock was
        # set back.
        if beat is None or (beat.sent or 0.0) in (0.0, newer_than):
            return False
        seen[:] = [beat]
        if beat.status in FAILED:
            raise base.StepFailed(
                reason=_reported_reason(workflow, instance_id)
            )
        return beat.status in USABLE

    if workflow.wait(look, seconds):
        return
    if seen:
        raise base.StepFailed(
            reason='its guest agent still reports the status '
            f'"{seen[0].status.description}" after {seconds:g} seconds',
        )
    since = f' after the order to {order}' if order else ''
    raise base.StepFailed(
        reason=f'its guest agent sent no heartbeat within {seconds:g} '
        f'seconds{since}',
        remedy=_CHECK_LOG,
    )


def delete_account(workflow: base.Workflow) -> None:
    """Delete the guest's account at the message broker, if it has one.

    A failure is logged and not raised.
    """
    if not workflow.conf.guest_accounts.management_url:
        return
    try:
        broker_accounts.Accounts(workflow.conf).delete(workflow.instance_id)
    except exception.TroveError as error:
        LOG.warning(
            'Could not delete the broker account of instance %s: %s Delete '
            'it with "trove-manage orphans --delete %s", which lists it.',
            workflow.instance_id,
            error,
            workflow.instance_id,
        )


def _reported_reason(
    workflow: base.Workflow, instance_id: str | None
) -> str:
    def look() -> entities.Fault | None:
        instance = workflow.instance(instance_id)
        fault, since = instance.fault, instance.task_start_time
        if fault is None or (since is not None and fault.created < since):
            return None
        if fault.message.startswith(server_version.BEGINS):
            # A fault about the server's version is no failure.
            return None
        return fault

    fault = workflow.wait(look, _REASON_TIMEOUT)
    if fault is None:
        return 'its guest agent reported a failure without a reason'
    return f'its guest agent reported: {guest_faults.reason(fault.message)}'
