# SPDX-License-Identifier: Apache-2.0
"""What workflows wait for: what a guest agent reports, by way of the rows.

A guest reports to the conductor, which writes it down; nothing here asks the
guest itself, but for one: the guest agent of a released Trove is silent until
it is told to prepare its database, so a new guest that is not heard is asked
what it speaks. Each wait is one small query at a time.
"""

from __future__ import annotations

import logging
import time

from trove.common import broker_accounts
from trove.common import exception
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.objects.guest import server_version
from trove.objects.instance import entities
from trove.objects.instance import states
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: The states of a database that can be used.
USABLE = frozenset(
    {states.ServiceStatus.RUNNING, states.ServiceStatus.HEALTHY}
)

#: The states out of which a database does not come by itself.
FAILED = frozenset(
    {
        states.ServiceStatus.FAILED,
        states.ServiceStatus.FAILED_TIMEOUT_GUESTAGENT,
    }
)

#: Seconds to wait for the guest's own words about its failure: they travel
#: in a message of their own.
_REASON_WAIT = 2.0

_LOOK = (
    'Look at the log of the guest agent; check that it reaches the message '
    'broker, and that a conductor runs (trove-manage service_list).'
)

#: One of ours has reported itself by the time that so many of its heartbeats
#: take; from then on, and as often, one that is not heard is asked.
_BEATS = 2


def forget_version(workflow: base.Workflow) -> None:
    """Find out anew what the guest agent speaks: its server was restarted.

    Its image may have another agent than ran until then.
    """
    workflow.env.database(
        guest_versions.record_probe, workflow.instance_id, None
    )
    workflow.env.transport.caps.forget('guestagent', workflow.instance_id)


def last_sent(workflow: base.Workflow) -> float:
    """Return when the guest sent its newest report, by its own clock."""
    beat = workflow.env.database(heartbeats.heartbeat, workflow.instance_id)
    return (beat.sent if beat is not None else None) or 0.0


class _New:
    """A guest agent of which nothing was heard yet."""

    def __init__(self, workflow: base.Workflow) -> None:
        self._workflow = workflow
        self._pause: float = _BEATS * workflow.conf.agent_heartbeat_time
        self._due = time.monotonic() + self._pause
        self.seen = 'has not reported at all'
        self.why = 'it did not start or reaches no conductor'

    def is_there(self) -> bool:
        """Whether it reported, or is one that does not before it is told to.

        What it answers to be is believed like any answer of a peer that has
        announced nothing (see ``trove/common/rpc/_caps/caps.py``). One of this
        tree has to report all the same: that proves its key.
        """
        if last_sent(self._workflow):
            return True
        if time.monotonic() < self._due:
            return False
        forget_version(self._workflow)
        client = self._workflow.guest()
        known, ours = client.known, client.is_sealing
        self._due = time.monotonic() + self._pause
        if known and ours:
            self.seen = 'answers, but has not reported'
            self.why = 'it reaches no conductor'
        return known and not ours


def wait_for_agent(workflow: base.Workflow, seconds: float) -> None:
    """Wait until a new guest agent can be told to prepare its database.

    :raises StepFailed: that was not in time
    """
    agent = _New(workflow)
    if not workflow.wait(agent.is_there, seconds):
        raise base.StepFailed(
            reason=f'its guest agent {agent.seen} in {seconds:g} seconds, so '
            f'{agent.why}',
            remedy=_LOOK,
        )


def wait_until_usable(
    workflow: base.Workflow,
    seconds: float,
    newer_than: float = 0.0,
    told: str = '',
) -> None:
    """Wait until the guest says that its database can be used.

    :param newer_than: the report that was sent then, by the guest's clock,
        and those before it do not count
    :param told: what it was told to do, such as "to prepare its database"
    :raises StepFailed: it says that it failed, or says nothing good in time
    """
    seen: list[heartbeats.Heartbeat] = []

    def look() -> bool:
        beat = workflow.env.database(
            heartbeats.heartbeat, workflow.instance_id
        )
        # Another time is a later report, even if its clock was set back.
        if beat is None or (beat.sent or 0.0) in (0.0, newer_than):
            return False
        seen[:] = [beat]
        if beat.status in FAILED:
            raise base.StepFailed(reason=_own_words(workflow))
        return beat.status in USABLE

    if workflow.wait(look, seconds):
        return
    if seen:
        raise base.StepFailed(
            reason='its guest agent still reports the status '
            f'"{seen[0].status.description}" after {seconds:g} seconds',
        )
    asked = f'was told {told} and ' if told else ''
    raise base.StepFailed(
        reason=f'its guest agent {asked}has not reported for {seconds:g} '
        'seconds',
        remedy=_LOOK,
    )


def delete_account(workflow: base.Workflow) -> None:
    """Delete the guest's account at the message broker, if it has one.

    One that cannot be deleted is logged, and holds nothing else up.
    """
    if not workflow.conf.guest_accounts.management_url:
        return
    try:
        broker_accounts.Accounts(workflow.conf).delete(workflow.instance_id)
    except exception.TroveError as error:
        LOG.warning(
            'The broker account of instance %s is left behind: %s Delete it '
            'with "trove-manage guest_account_delete %s".',
            workflow.instance_id,
            error,
            workflow.instance_id,
        )


def _own_words(workflow: base.Workflow) -> str:
    def look() -> entities.Fault | None:
        instance = workflow.instance()
        fault, since = instance.fault, instance.task_start_time
        if fault is None or (since is not None and fault.created < since):
            return None
        if fault.message.startswith(server_version.BEGINS):
            # It works as well as before.
            return None
        return fault

    fault = workflow.wait(look, _REASON_WAIT)
    if fault is None:
        return 'its guest agent reported that it failed, and not why'
    return f'its guest agent reported: {fault.message}'
