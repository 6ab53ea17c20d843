# SPDX-License-Identifier: Apache-2.0
"""Applies modules again to the instances that have them.

What is asked for is in the database, and how far it is. A task manager that
dies over it, or whose message was lost, is replaced. A pause holds no thread,
and nobody works on one module for long while others wait.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.common import masking
from trove.guestagent import api as guest_api
from trove.objects import module as modules
from trove.objects import reapplied
from trove.objects.instance import instances
from trove.objects.instance import modules as uses
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: Seconds after which it is the turn of the next module.
_SLICE: Final = 10.0
#: Modules, and instances, that are read at once.
_PAGE: Final = 100


class Reapplying:
    """Goes on with what is due; :meth:`look` is called now and then."""

    def __init__(self, env: base.Environment) -> None:
        self._env = env

    def look(self) -> None:
        """Apply modules where they are due.

        :raises ServiceUnavailable: the database does not work
        """
        for module_id in reapplied.due(_PAGE):
            if self._env.draining.is_set():
                break
            go_on(self._env, module_id)


def begin(
    env: base.Environment,
    context: trove_context.TroveContext,
    order: reapplied.Order,
) -> None:
    """Apply a module again, as far as it goes at once. It raises nothing.

    :param order: an API of an older release has not written it down
    """
    try:
        module = env.database(modules.get, context, order.module_id)
        env.database(reapplied.begin, order)
    except (base.DatabaseGone, exception.TroveError) as error:
        LOG.error(
            'Could not reapply module %s: %s. Remove the cause, then reapply '
            'it.',
            order.module_id,
            masking.error(error).rstrip('.'),
        )
        return
    go_on(env, module.id)


def go_on(env: base.Environment, module_id: str) -> None:
    """Apply a module to further instances, if they are due.

    It raises nothing.
    """
    lease = int(_SLICE) + 2 * env.conf.agent_call_high_timeout
    try:
        order = env.database(reapplied.claim, module_id, lease)
        if order is not None:
            _try(env, order)
    except base.DatabaseGone as error:
        LOG.warning(
            'Left module %s, which is being reapplied, where it is: %s. '
            'Repair the database; a task manager goes on with it by itself.',
            module_id,
            error,
        )


def _try(env: base.Environment, order: reapplied.Order) -> None:
    """Apply the module for a while; give the order up if that cannot be.

    :raises DatabaseGone: it goes on later
    """
    try:
        _apply_some(env, order)
    except exception.TroveError as error:
        LOG.error(
            'Could not reapply module %s to all its instances: %s. Remove '
            'the cause, then reapply it; those that have it already are left '
            'alone.',
            order.module_id,
            masking.error(error).rstrip('.'),
        )
        env.database(reapplied.end, order)


def _apply_some(env: base.Environment, order: reapplied.Order) -> None:
    """Apply the module for a while; write down when it goes on, or its end."""
    context = trove_context.make_admin_context()
    module = env.database(modules.get, context, order.module_id)
    sent = [modules.order(env.conf, module)]
    until = time.monotonic() + _SLICE
    left: reapplied.Order | None = order
    while left is not None:
        instance_id = _next(env, left, module)
        if instance_id is None:
            _end(env, left, module)
            return
        applied = _apply(env, context, module, sent, instance_id)
        left = env.database(reapplied.proceed, left, instance_id, applied)
        if left is None:
            return
        pause = 0 if left.tried % left.batch_size else left.batch_delay
        if pause or env.draining.is_set() or time.monotonic() >= until:
            env.database(reapplied.rest, left, pause)
            return


def _next(
    env: base.Environment, order: reapplied.Order, module: modules.Module
) -> str | None:
    """Return the instance that the module is applied to next."""
    after = order.after
    while True:
        found = env.database(
            uses.users,
            module.id,
            order.tenant_id,
            include_clustered=order.include_clustered,
            marker=after,
            limit=_PAGE,
        )
        for instance_id, md5 in found:
            if (
                md5 == order.md5
                if order.md5
                else order.force or md5 != module.md5
            ):
                return instance_id
        if len(found) < _PAGE:
            return None
        after = found[-1][0]


def _end(
    env: base.Environment, order: reapplied.Order, module: modules.Module
) -> None:
    env.database(reapplied.end, order)
    log = LOG.warning if order.failed else LOG.info
    log(
        'Reapplied module %s to %d of %d instances. Those that have not its '
        'contents now are counted by "trove module-instance-count"; repair '
        'them and reapply it.',
        module.id,
        order.tried - order.failed,
        order.tried,
    )


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
