# SPDX-License-Identifier: Apache-2.0
"""Applies a module again to the instances that have it.

What is done is recorded of each instance. So the order that a task manager
did not finish is completed by another one like it: instances that have the
contents already are left alone.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.guestagent import api as guest_api
from trove.objects import module as modules
from trove.objects.instance import instances
from trove.objects.instance import modules as uses
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Order:
    """What is asked for.

    :ivar md5: only instances with these contents; None: with others than the
        module has now
    :ivar force: whatever contents they have
    :ivar batch_size: number of instances before a pause of ``batch_delay``
        seconds
    """

    module_id: str
    md5: str | None
    include_clustered: bool
    batch_size: int | None
    batch_delay: int | None
    force: bool


def reapply(
    env: base.Environment, context: trove_context.TroveContext, order: Order
) -> None:
    """Apply a module again; instance by instance. It raises nothing."""
    try:
        _reapply(env, context, order)
    except (base.DatabaseGone, exception.TroveError) as error:
        LOG.error(
            'Could not reapply module %s to all its instances: %s. Remove '
            'the cause, then reapply it; those that have it already are left '
            'alone.',
            order.module_id,
            masking.error(error).rstrip('.'),
        )


def _reapply(
    env: base.Environment, context: trove_context.TroveContext, order: Order
) -> None:
    module = env.database(modules.get, context, order.module_id)
    sent = [modules.order(env.conf, module)]
    wanted = _instances(env, context, order, module)
    most = env.conf.module_reapply_max_batch_size
    size = min(order.batch_size or most, most)
    pause = max(
        order.batch_delay or 0, env.conf.module_reapply_min_batch_delay
    )
    done = 0
    for number, instance_id in enumerate(wanted):
        if number and number % size == 0 and env.stopping.wait(pause):
            break
        if env.stopping.is_set():
            break
        done += _apply(env, context, module, sent, instance_id)
    log = LOG.info if done == len(wanted) else LOG.warning
    log(
        'Reapplied module %s to %d of %d instances. Those that have not its '
        'contents now are counted by "trove module-instance-count"; repair '
        'them and reapply it.',
        module.id,
        done,
        len(wanted),
    )


def _instances(
    env: base.Environment,
    context: trove_context.TroveContext,
    order: Order,
    module: modules.Module,
) -> list[str]:
    """Return the ids of those that the module is reapplied to."""
    found = env.database(
        uses.users,
        module.id,
        None if context.is_admin else context.project_id,
        include_clustered=order.include_clustered,
    )
    if order.md5:
        return [each for each, md5 in found if md5 == order.md5]
    return [each for each, md5 in found if order.force or md5 != module.md5]


def _apply(
    env: base.Environment,
    context: trove_context.TroveContext,
    module: modules.Module,
    sent: list[dict[str, Any]],
    instance_id: str,
) -> bool:
    """Apply the module to one instance; return whether it has it now."""
    try:
        instance = env.database(instances.get, context, instance_id)
        instance.require_available()
        guest = guest_api.API(env.transport, instance_id)
        told = guest.module_apply(context, modules=sent)
        failed = _failure(told)
        if failed is not None:
            raise exception.PeerError(failed)
        env.database(uses.record, instance_id, [(module.id, module.md5)])
    except exception.TroveError as error:
        LOG.warning(
            'Module %s is not reapplied to instance %s: %s',
            module.id,
            instance_id,
            masking.error(error),
        )
        return False
    return True


def _failure(told: Any) -> str | None:
    """Return why a guest agent could not apply a module, None if it could."""
    for each in told if isinstance(told, list) else [None]:
        status = each.get('status') if isinstance(each, dict) else None
        if status != 'OK':
            reason = each.get('message') if isinstance(each, dict) else ''
            return f'The guest agent answered {status}: {reason}'
    return None
