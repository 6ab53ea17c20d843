# SPDX-License-Identifier: Apache-2.0
"""Instances: another version of the database server."""

from __future__ import annotations

from trove.api import references
from trove.api import request as api_request
from trove.api.handlers import actions
from trove.common import exception
from trove.common import ordered
from trove.objects import datastore as datastores
from trove.objects.instance import entities
from trove.objects.instance import instances


def start(
    request: api_request.Request, instance: entities.Instance, wanted: str
) -> None:
    """Upgrade an instance, and its replicas before it.

    :param wanted: name or id of a version of its datastore
    :raises BadRequest: it does not exist, cannot use the data, or is the one
        that it has
    """
    with references.naming('instance.datastore_version'):
        version = _version(request, instance, wanted)
        _check(request, instance, version)
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        'upgrade',
        lambda: taskmanager.upgrade(
            request.context,
            instance_id=instance.id,
            datastore_version_id=version.id,
        ),
        details={'datastore_version_id': version.id},
    )


def _version(
    request: api_request.Request, instance: entities.Instance, wanted: str
) -> datastores.DatastoreVersion:
    now = instance.datastore_version
    if now is None:
        raise exception.BadRequest(
            f'The datastore version of instance {instance.label} is unknown.'
        )
    datastore = datastores.get(
        request.runtime.conf, now.datastore_id, inactive=True
    )
    return datastores.get_version(
        datastore, wanted, inactive=bool(request.context.is_admin)
    )


def _check(
    request: api_request.Request,
    instance: entities.Instance,
    version: datastores.DatastoreVersion,
) -> None:
    now = instance.datastore_version
    if now is None:
        return
    if now.id == version.id:
        _require_purpose(request, instance, version)
        return
    if now.manager != version.manager:
        raise exception.BadRequest(
            f'Version {version.name} has the manager {version.manager}, and '
            f'instance {instance.label} has {now.manager}.'
        )
    numbers = [each.version or each.name for each in (now, version)]
    parts = ordered.series(version.manager)
    one, other = numbers
    if ordered.number(other) is None:
        raise exception.BadRequest(
            f'Version {version.name} has no number, which an upgrade needs. '
            'Ask an administrator to give it one.'
        )
    if ordered.is_older(other, one, parts):
        raise exception.BadRequest(_other_data(instance, one, other))
    if ordered.is_older(one, other, parts):
        _check_series(request, instance, one, other)


def _require_purpose(
    request: api_request.Request,
    instance: entities.Instance,
    version: datastores.DatastoreVersion,
) -> None:
    """Check that the version that an instance has changes something.

    Its fault may be that its server runs in another one, and its replicas
    may have another one.
    """
    if instance.fault is not None or not instance.task.is_idle:
        return
    others = [instances.get(request.seer, key) for key in instance.replicas]
    versions = [each.datastore_version for each in others]
    if all(each and each.id == version.id for each in versions):
        raise exception.BadRequest(
            f'Instance {instance.label} has the version '
            f'{version.name} already. Nothing was changed. List the '
            'versions with "openstack datastore version list '
            f'{version.datastore_name}", and choose another one.'
        )


def _check_series(
    request: api_request.Request,
    instance: entities.Instance,
    one: str,
    other: str,
) -> None:
    """Check that data of one series may become those of a newer one."""
    now = instance.datastore_version
    manager = now.manager if now else None
    if manager is None or not ordered.can_change_series(manager):
        raise exception.BadRequest(_other_data(instance, one, other))
    if not request.runtime.conf[manager].major_upgrades:
        raise exception.BadRequest(
            f'{_other_data(instance, one, other)} The operator may permit '
            f'such upgrades by [{manager}] major_upgrades.'
        )
    if instance.slave_of_id is not None:
        raise exception.BadRequest(
            f'Instance {instance.label} is a replica, which has the data of '
            f'its primary {instance.slave_of_id}. Delete it, upgrade the '
            f'primary to version {other}, and create it again.'
        )
    if instance.replicas:
        raise exception.BadRequest(
            f'Instance {instance.label} has the replicas '
            f'{", ".join(instance.replicas)}, which cannot follow a primary '
            f'of version {other}. Delete or detach them, upgrade it, and '
            'create them again.'
        )


def _other_data(instance: entities.Instance, one: str, other: str) -> str:
    return (
        f'Instance {instance.label} has version {one}, whose data cannot be '
        f'used by version {other}. Create an instance of that version, and '
        'migrate the data with the tools of the database.'
    )
