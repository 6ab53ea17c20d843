# SPDX-License-Identifier: Apache-2.0
"""Who may speak for an instance.

What a guest says about who it is comes in the message. A message that was
encrypted with the key of an instance can only be of its guest, and is about
that instance or about none. One in the clear, where the operator has allowed
that, is held against the database: the instance must exist, and the context
must be of its project, which the guests of releases do not always name.
"""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import exception as errors
from trove.conductor import guest_reports
from trove.objects.instance import entities
from trove.objects.instance import instances

Refused = guest_reports.Refused


class Forged(Refused):
    """A message in the name of another instance than the one that sent it."""


def check_sender(
    context: trove_context.TroveContext, instance_id: object
) -> str:
    """Return the id of the instance that a message is about.

    :raises Forged: its sender proved to be another instance
    :raises Refused: it is no id
    """
    wanted = guest_reports.identifier(instance_id)
    if context.sender not in (None, wanted):
        raise Forged(
            'the guest of instance %s sent it. Look for a guest agent that '
            'was broken into',
            context.sender,
        )
    return wanted


def check_project(
    context: trove_context.TroveContext, tenant_id: str | None, ours: bool
) -> None:
    """Hold the context of a message against the project of its instance.

    :param ours: the guest is of a release that announces its version, and so
        always names its project
    :raises Refused: it is not of the instance's guest
    """
    project = context.project_id
    if context.sender is not None or project == tenant_id:
        # Who has the key needs no other proof.
        return
    # Released guests name no project, or that of an administrator who has
    # asked for what they report.
    if ours or (project and not context.is_admin):
        raise Refused(
            'the message is of project %s, the instance is not. Look for a '
            'guest agent with a wrong guest_id or tenant_id in its '
            'guest_info.conf, or one that was broken into',
            project,
        )


def instance(
    context: trove_context.TroveContext, instance_id: object
) -> entities.Instance:
    """Return the instance that a message speaks for.

    :raises Refused: it may not speak for it
    """
    wanted = check_sender(context, instance_id)
    try:
        found = instances.get(trove_context.make_admin_context(), wanted)
    except errors.NotFound:
        raise Refused(
            'there is no such instance. If its server still runs, delete it '
            'from the cloud'
        ) from None
    check_project(context, found.tenant_id, found.guest_announces)
    return found
