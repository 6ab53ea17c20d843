# SPDX-License-Identifier: Apache-2.0
"""Settings on their way to guests: attach, detach, change a group."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from oslo_log import log

from trove.api import request as api_request
from trove.api.handlers import guest as guests
from trove.common import context as trove_context
from trove.common import datastores as kinds
from trove.common import exception
from trove.common.datastores import settings
from trove.guestagent import api as guest_api
from trove.objects import configuration as configurations
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters
from trove.objects.instance import attachments
from trove.objects.instance import entities
from trove.objects.instance import instances

LOG = log.getLogger(__name__)

Values = Mapping[str, Any]

_PREFIX = exception.BadRequest.message % {'reason': ''}


def attach(
    request: api_request.Request, instance: entities.Instance, group_id: str
) -> attachments.Change:
    """Give an instance a group; that must be written down afterwards.

    :raises BadRequest: it has one, or the group is not for it
    :raises Unprocessable: the group has a value that is not allowed any
        more, or that the server refuses
    """
    group = configurations.get(request.seer, group_id)
    refusal = attachments.refusal_to_attach(instance, group)
    if refusal is not None:
        raise refusal
    values = check(group, group.values)
    instance.require_available()
    waits = _give(request, instance, {}, values, values)
    return attachments.Change(None, group, waits)


def for_new(
    request: api_request.Request,
    group_id: str,
    version: datastores.DatastoreVersion,
) -> tuple[configurations.Group, dict[str, Any]]:
    """Return a group, and the values that a new instance begins with.

    :raises BadRequest: the group is not for the version
    :raises Unprocessable: it has a value that is not allowed any more
    """
    group = configurations.get(request.seer, group_id)
    refusal = attachments.refusal_to_use(group, version.id)
    if refusal is not None:
        raise refusal
    return group, check(group, group.values)


def detach(
    request: api_request.Request, instance: entities.Instance
) -> attachments.Change | None:
    """Take the group from an instance; that must be written down afterwards.

    To do it again does no harm.

    :returns: None if it has no group, as is asked for
    """
    group_id = instance.configuration_id
    if not group_id:
        return None
    instance.require_available()
    values: Values = {}
    unknown = False
    try:
        everything = trove_context.make_admin_context()
        values = configurations.get(everything, group_id).values
    except exception.NotFound:
        # Another release has deleted it, so nobody knows what it had.
        unknown = True
    waits = _give(request, instance, values, {}, values)
    return attachments.Change(group_id, None, waits, unknown)


def record(
    request: api_request.Request,
    context: trove_context.TroveContext,
    instance_id: str,
    change: attachments.Change | None,
    **columns: Any,
) -> None:
    """Write down what a guest was told, and other columns of its instance.

    :param columns: as :func:`instances.change` takes them
    :raises Conflict: another request has told the guest something else
    """
    try:
        instances.change(context, instance_id, regrouped=change, **columns)
    except exception.Conflict:
        _repeat(request, instance_id)
        raise


def _repeat(request: api_request.Request, instance_id: str) -> None:
    """Tell a guest what its instance has, after two requests at a time."""
    everything = trove_context.make_admin_context()
    try:
        group_id = instances.get(everything, instance_id).configuration_id
        values: Values = {}
        if group_id:
            values = configurations.get(everything, group_id).values
        request.guest(instance_id).update_overrides(
            request.context, overrides=dict(values), remove=not values
        )
    except exception.TroveError as error:
        LOG.error(
            'Two requests changed the configuration of instance %s, and its '
            'guest agent may have the settings of the one that was refused: '
            '%s Detach the group from the instance, and attach it again.',
            instance_id,
            error,
        )


def template(
    request: api_request.Request, instance: entities.Instance
) -> dict[str, Any]:
    """Return what an instance is configured with, without any group.

    :raises FlavorNotFound: the cloud has dropped the flavor that it has
    """
    flavor = request.cloud.compute.get_flavor(
        request.context, str(instance.flavor_id)
    )
    volume = (instance.volume_size or 0) * 1024**3
    return _settings(instance).template(flavor.ram, volume)


def check(group: configurations.Group, values: Values) -> dict[str, Any]:
    """Return values for a group by the names that the rules have.

    :raises Unprocessable: a parameter or a value is not allowed
    """
    if group.version is None:
        raise exception.Unprocessable(
            f'The datastore version of configuration {group.id} was removed, '
            'so its parameters are not known any more. Make another group.'
        )
    rules = kinds.rules(group.version.manager or '').settings
    return rules.check(parameters.list_(group.version.id), values)


def spread(
    request: api_request.Request,
    group: configurations.Group,
    values: Values,
    given: Iterable[str],
    columns: Mapping[str, str | None],
) -> None:
    """Change a group, and give the values to all instances that have it.

    When the first one does not take them, nothing is changed.

    :param values: all that it has afterwards
    :param given: names of the parameters that the request is about
    :param columns: a new name or description
    :raises ServiceUnavailable: some instances did not take them; which ones
        is in the text
    """
    before = group.values
    changed = [
        name
        for name in {**before, **values}
        if before.get(name) != values.get(name)
        or (name in before) != (name in values)
    ]
    # The same once more is for those that it did not reach the last time.
    names = changed or list(given)
    targets = _targets(request, group) if names else []
    configurations.change(
        request.seer, group, values=values, columns=columns
    )
    now = configurations.get(request.seer, group.id)
    # Those that got the group since have the values of before.
    targets += _joined(request, group, targets) if names else []
    failed: dict[str, Exception] = {}
    for target in targets:
        try:
            _renew(request, target, group, now, names)
        except exception.TroveError as error:
            if target is targets[0]:
                _restore(request, group)
                raise
            failed[target.id] = error
    if failed:
        raise exception.ServiceUnavailable(
            f'Configuration {group.id} is changed, and {len(targets)} '
            'instances have it, but these did not take the new values: '
            + ' '.join(f'{key}: {error}' for key, error in failed.items())
            + ' Repeat the request when they can; that is safe.'
        )


def _targets(
    request: api_request.Request, group: configurations.Group
) -> list[entities.Instance]:
    """Return the instances that have a group, in the order to tell them.

    Replicas come first: a server refuses to be the replica of one that has
    more connections or workers.

    :raises TroveError: one cannot be told now
    """
    everything = trove_context.make_admin_context()
    found = [
        request.judged(instances.get(everything, instance_id))
        for instance_id, _ in configurations.instances(group.id)[0]
    ]
    for instance in found:
        instance.require_available()
        request.runtime.check_answers(instance.id)
    return sorted(found, key=lambda each: not each.slave_of_id)


def _joined(
    request: api_request.Request,
    group: configurations.Group,
    known: Collection[entities.Instance],
) -> list[entities.Instance]:
    """Return the instances that have a group, without those known before."""
    everything = trove_context.make_admin_context()
    ids = {each.id for each in known}
    return [
        request.judged(instances.get(everything, instance_id))
        for instance_id, _ in configurations.instances(group.id)[0]
        if instance_id not in ids
    ]


def _renew(
    request: api_request.Request,
    instance: entities.Instance,
    before: configurations.Group,
    now: configurations.Group,
    names: Iterable[str],
) -> None:
    waits = _give(request, instance, before.values, now.values, names)
    change = attachments.Change(before.id, now, waits)
    with guests.recorded(f'Instance {instance.label} has the new values'):
        everything = trove_context.make_admin_context()
        record(request, everything, instance.id, change)


def _restore(
    request: api_request.Request, group: configurations.Group
) -> None:
    now = configurations.get(request.seer, group.id)
    configurations.change(
        request.seer,
        now,
        values=group.values,
        columns={'name': group.name, 'description': group.description},
    )


def _give(
    request: api_request.Request,
    instance: entities.Instance,
    before: Values,
    after: Values,
    changed: Iterable[str],
) -> frozenset[str]:
    """Tell a guest its settings; return the names that wait for a restart.

    :raises Unprocessable: the server refuses them
    """
    guest = request.guest(instance.id)
    try:
        guest.update_overrides(
            request.context, overrides=dict(after), remove=not after
        )
    except exception.BadRequest as error:
        # Agents of releases say first that the request is not valid.
        said = str(error).removeprefix(_PREFIX)
        raise exception.Unprocessable(
            f'Instance {instance.label} was not changed: its '
            f'database server refuses a value and says: {said} Change that '
            'value of the configuration group, then repeat the request.'
        ) from None
    rules = _rules(instance)
    waits = {name for name in changed if _waits(name, rules)}
    dynamic = set(changed) - waits
    now = {name: after[name] for name in dynamic if name in after}
    removed = dynamic - set(after)
    if removed and not _settings(instance).restores:
        defaults = template(request, instance)
        now |= {name: defaults[name] for name in removed & set(defaults)}
        waits |= removed - set(defaults)
        dynamic -= waits
    if dynamic and not _apply(guest, request, instance, now):
        waits |= dynamic
    return frozenset(waits)


def _apply(
    guest: guest_api.API,
    request: api_request.Request,
    instance: entities.Instance,
    values: dict[str, Any],
) -> bool:
    """Let settings work that need no restart; False when they do not yet."""
    try:
        guest.apply_overrides(request.context, overrides=values)
    except exception.TroveError as error:
        LOG.warning(
            'Instance %s keeps its new settings for its next restart, because '
            'its guest agent did not apply them: %s',
            instance.id,
            error,
        )
        return False
    return True


def _waits(name: str, rules: Mapping[str, settings.Parameter]) -> bool:
    rule = rules.get(name.lower())
    return rule is None or rule.restart_required


def _rules(instance: entities.Instance) -> dict[str, settings.Parameter]:
    version = instance.datastore_version
    found = parameters.list_(version.id) if version else []
    return {each.name.lower(): each for each in found}


def _settings(instance: entities.Instance) -> settings.Settings:
    version = instance.datastore_version
    return kinds.rules(version.manager or '' if version else '').settings
