# SPDX-License-Identifier: Apache-2.0
"""Replicas: create, promote, eject their primary, detach."""

from __future__ import annotations

from typing import Any

from oslo_log import log

from trove.api import references
from trove.api import request as api_request
from trove.api.handlers import actions
from trove.api.handlers import attachments
from trove.api.handlers import consumers
from trove.api.handlers import instances
from trove.api.handlers import offers
from trove.api.schemas import instance as schemas
from trove.api.views import instance as views
from trove.common import exception
from trove.common import names as common_names
from trove.objects import datastore as datastores
from trove.objects.backup import backups
from trove.objects.backup import strategies
from trove.objects.backup import work
from trove.objects.guest import replication
from trove.objects.instance import encryption
from trove.objects.instance import entities
from trove.objects.instance import instances as instance_objects
from trove.objects.instance import replicas
from trove.objectstore import storage

LOG = log.getLogger(__name__)

#: What a replica has from its primary.
_INHERITED = (
    *('flavorRef', 'flavor', 'volume', 'datastore'),
    *('databases', 'users', 'restorePoint', 'modules'),
)


def create(request: api_request.Request) -> dict[str, Any]:
    """Create an instance, or replicas of one: 200, with its task running.

    As :func:`instances.create`. For replicas, 400 for a key that they have
    from their primary, or if that is a replica; 404 without the primary; 409
    or 422 while it is busy or not ready. With "replica_count", the body of
    the response has the first of them.
    """
    body = request.body['instance']
    count = body.get('replica_count') or 1
    if not body.get('replica_of'):
        if count > 1:
            raise exception.BadRequest(
                f'instance.replica_count is {count}, but there is no '
                '"replica_of". Name the primary, or omit "replica_count".'
            )
        return instances.create(request)
    common_names.check_instance(body['name'])
    references.check(request, instances.NAMED)
    offers.check(request, body)
    if body.get('nics'):
        # Without, it is in the network of its primary.
        offers.check_place(request, body)
    for key in _INHERITED:
        if body.get(key):
            raise exception.BadRequest(
                f'A replica has from its primary what instance.{key} is '
                f'about; omit "{key}".'
            )
    primary = _primary(request, body['replica_of'])
    names = [body['name']]
    if count > 1:
        names = [f'{body["name"]}-{number + 1}' for number in range(count)]
    for name in names:
        common_names.check_instance(name)
    made = _create(request, body, primary, names)
    return {'instance': views.detail(request, made)}


def _primary(
    request: api_request.Request, reference: str
) -> entities.Instance:
    with references.naming('instance.replica_of'):
        primary = instance_objects.get(
            request.context, reference.rpartition('/')[2]
        )
    if primary.slave_of_id:
        raise replicas.refusal_to_follow(primary.id, primary.slave_of_id)
    if primary.cluster_id:
        raise exception.BadRequest(
            f'Instance {primary.label} is a member of a cluster, and has no '
            'replicas of its own.'
        )
    return primary


def _create(
    request: api_request.Request,
    body: dict[str, Any],
    primary: entities.Instance,
    names: list[str],
) -> entities.Instance:
    """Have a backup of a primary made, and replicas built from it."""
    version = _version(primary)
    flavor = actions.flavor(request, str(primary.flavor_id))
    group_id = body.get('configuration') or primary.configuration_id
    group = overrides = None
    if group_id:
        group, overrides = attachments.for_new(request, group_id, version)
    size = primary.volume_size or 1
    backup, container = _begin_backup(request, primary)
    like = {**body, 'volume': {'size': size}}
    orders = [
        instances.order({**like, 'name': name}, version, flavor, size)
        | {
            'backup_id': backup.id,
            'slave_of_id': primary.id,
            'overrides': overrides,
        }
        for name in names
    ]
    made: list[entities.Instance] = []

    def revert() -> bool:
        """Remove all of it; False when a task manager works on it."""
        if not work.undo(primary.id, backup.id):
            return False
        for each in made:
            instances.remove(each.id)
        return True

    try:
        for order in orders:
            named = {**like, 'name': order['name']}
            made.append(
                instances.record(
                    request, named, version, flavor, order, [], group
                )
            )
        _send_backup(request, backup, container)
    except exception.TroveError:
        if revert():
            raise
        if not made:
            raise
    _send(request, made, orders)
    for each_id, known in encryption.recorded(
        tuple(each.id for each in made)
    ).items():
        consumers.register(request, known.reference, [each_id])
    return made[0]


def _version(primary: entities.Instance) -> datastores.DatastoreVersion:
    if primary.datastore_version is None:
        raise exception.BadRequest(
            f'The datastore version of instance {primary.label} was removed, '
            'so no replica of it can be built.'
        )
    return primary.datastore_version


def _begin_backup(
    request: api_request.Request, primary: entities.Instance
) -> tuple[backups.Backup, str]:
    conf = request.runtime.conf
    strategy = strategies.container(request.project_id, primary.id)
    return work.begin(
        conf,
        request.context,
        work.Order(
            instance_id=primary.id,
            name=f'Replicas of {primary.name}'[:255],
            description='Deleted when the replicas are built.',
            storage_driver=_storage_driver(request, primary),
            container=None,
            default_container=strategy or conf.backup_swift_container,
            for_replica=True,
        ),
    )


def _storage_driver(
    request: api_request.Request, primary: entities.Instance
) -> str:
    """Return the storage driver of what replicas are built from.

    :raises NotSupported: the cloud makes no snapshots
    """
    conf = request.runtime.conf
    wanted: str | None = conf.replica_snapshot_driver
    if wanted is None:
        return storage.choose(conf, None)
    if wanted != backups.SNAPSHOT:
        return wanted
    if not primary.volume_size:
        return storage.choose(conf, None)
    if not request.cloud.volumes.has_snapshots:
        raise exception.NotSupported(
            f'replica_snapshot_driver is "{wanted}", but this cloud makes no '
            'snapshots of volumes, so no replicas are built. Operators: unset '
            'it in trove.conf of the API.'
        )
    return wanted


def _send_backup(
    request: api_request.Request, backup: backups.Backup, container: str
) -> None:
    request.taskmanager().create_backup(
        request.context,
        backup_info={
            'id': backup.id,
            'name': backup.name,
            'description': backup.description,
            'instance_id': backup.instance_id,
            'backup_type': backup.backup_type,
            'checksum': None,
            'parent': None,
            'storage_driver': backup.storage_driver,
            'swift_container': container,
            'for_replica': True,
        },
        instance_id=str(backup.instance_id),
    )


def _send(
    request: api_request.Request,
    made: list[entities.Instance],
    orders: list[dict[str, Any]],
) -> None:
    for instance, order in zip(made, orders, strict=False):
        try:
            request.taskmanager().create_instance(
                request.context, instance_id=instance.id, users=[], **order
            )
        except exception.TroveError as error:
            LOG.warning(
                'The creation of replica %s could not be sent: %s A task '
                'manager begins it after [taskmanager] queue_timeout; no '
                'action is required.',
                instance.id,
                error,
            )


def promote(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Make a replica the primary of its set: 202.

    400 if it is no replica, or has transactions that its primary does not
    have; 409 or 422 while one of them is busy, or it or its primary is not
    ready, or it lags behind too far.
    """
    refusal = (
        replicas.refusal_to_regroup(instance, replicas.PROMOTE)
        or _refusal_to_lead(request, instance)
        or replicas.refusal_to_succeed(_followed(request, instance))
    )
    if refusal is not None:
        raise refusal
    taskmanager = request.taskmanager()
    _regroup(
        request,
        instance,
        replicas.PROMOTE,
        taskmanager.promote_to_replica_source,
    )


def _followed(
    request: api_request.Request, replica: entities.Instance
) -> entities.Instance:
    primary_id = str(replica.slave_of_id)
    return request.judged(instance_objects.get(request.seer, primary_id))


def _refusal_to_lead(
    request: api_request.Request, instance: entities.Instance
) -> exception.TroveError | None:
    """Return why a replica, as its guest reports, must not be promoted."""
    conf = request.runtime.conf
    found = replication.states([instance.id], conf.agent_heartbeat_expiry)
    state = found.get(instance.id)
    if state is None:
        return None
    if state.errant:
        return exception.BadRequest(
            f'Replica {instance.label} has transactions that its primary does '
            f'not have ({state.errant}), which a promotion would spread. '
            'Promote another replica; detach this one to save them, or '
            'delete it.'
        )
    if state.lag is not None and state.lag > conf.promote_max_lag:
        return exception.Unprocessable(
            reason=f'replica {instance.label} lags {state.lag:.0f} seconds '
            f'behind its primary; the maximum is {conf.promote_max_lag}. '
            'Repeat the request when its lag is lower, or choose another '
            'replica.'
        )
    return None


def eject(
    request: api_request.Request, instance: entities.Instance, _: Any
) -> None:
    """Replace a primary that failed by one of its replicas: 202.

    400 if it has no replicas, or its guest agent reports that its database
    server runs; 409 or 422 while one of them is busy.
    """
    refusal = replicas.refusal_to_regroup(
        instance, replicas.EJECT
    ) or replicas.refusal_to_eject(
        request.judged(instance), request.runtime.conf.agent_heartbeat_expiry
    )
    if refusal is not None:
        raise refusal
    taskmanager = request.taskmanager()
    _regroup(
        request, instance, replicas.EJECT, taskmanager.eject_replica_source
    )


def _regroup(
    request: api_request.Request,
    instance: entities.Instance,
    action: str,
    send: Any,
) -> None:
    actions.start(
        request,
        instance,
        action,
        lambda: send(request.context, instance_id=instance.id),
        begin=lambda: replicas.begin(request.seer, instance.id, action),
    )


#: Beside those of :mod:`actions`.
ACTIONS = actions.Actions(
    actions.ACTIONS
    | {
        replicas.PROMOTE: actions.Action(
            promote,
            ('instance:promote_to_replica_source',),
            schemas.NOTHING,
        ),
        replicas.EJECT: actions.Action(
            eject,
            ('instance:eject_replica_source',),
            schemas.NOTHING,
        ),
    }
)
