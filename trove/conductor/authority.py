# SPDX-License-Identifier: Apache-2.0
"""Authorization of guest agents to report about an instance.

The identity of a guest comes in its message. A message that was encrypted
with the key of an instance can only be of its guest, and is about that
instance or about none. A message in the clear, where the operator allows
those, is checked against the database: the instance must exist, and the
context must be of its project, which released guests do not always name.
"""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import exception as errors
from trove.conductor import guest_reports
from trove.objects.instance import entities
from trove.objects.instance import instances

Refused = guest_reports.Refused


class Forged(Refused):
    """A message in the name of another instance than that of its sender."""


def check_sender(
    context: trove_context.TroveContext, instance_id: object
) -> str:
    """Return the id of the instance that a message is about.

    :raises Forged: its sender proved to be another instance
    :raises Refused: malformed id
    """
    wanted = guest_reports.identifier(instance_id)
    if context.sender not in (None, wanted):
        raise Forged(
            'the guest agent of instance %s sent it. Check whether that '
            'guest agent was compromised',
            context.sender,
        )
    return wanted


def check_project(
    context: trove_context.TroveContext, tenant_id: str | None, ours: bool
) -> None:
    """Check that the context of a message is of the project of its instance.

    :param ours: the guest is of a release that announces its version, and so
        always names its project
    :raises Refused: the message is not of the instance's guest
    """
    project = context.project_id
    if context.sender is not None or project == tenant_id:
        # The key of the instance is proof enough.
        return
    # Released guests name no project, or that of the administrator whose
    # request they report about.
    if ours or (project and not context.is_admin):
        raise Refused(
            'the message is of project %s, the instance is not. Check '
            'guest_id and tenant_id in the guest_info.conf of the guest '
            'agent, and whether it was compromised',
            project,
        )


def instance(
    context: trove_context.TroveContext, instance_id: object
) -> entities.Instance:
    """Return the instance that a message is about.

    :raises Refused: its sender may not report about that instance
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
