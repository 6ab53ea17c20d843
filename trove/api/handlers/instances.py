# SPDX-License-Identifier: Apache-2.0
"""Instances: create, list, show, delete."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from oslo_log import log
from oslo_utils import uuidutils

from trove.api import names
from trove.api import paging
from trove.api import references
from trove.api import request as api_request
from trove.api import runtime as api_runtime
from trove.api.handlers import actions
from trove.api.handlers import attachments
from trove.api.handlers import consumers
from trove.api.handlers import instance_modules
from trove.api.handlers import offers
from trove.api.handlers import restores
from trove.api.views import instance as views
from trove.cloud import base as cloud_base
from trove.common import exception
from trove.common import names as common_names
from trove.objects import configuration as configurations
from trove.objects import datastore as datastores
from trove.objects import owned
from trove.objects.backup import logs
from trove.objects.guest import replication
from trove.objects.instance import attachments as attached
from trove.objects.instance import encryption
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.keys import workflow_secrets

LOG = log.getLogger(__name__)

#: References, which must not reveal other projects' ids.
NAMED: tuple[references.Reference, ...] = (
    (('instance', 'configuration'), 'configuration'),
    (('instance', 'modules', references.EACH, 'id'), 'module'),
    (('instance', 'replica_of'), 'instance'),
    (('instance', 'slave_of'), 'instance'),
)


def create(request: api_request.Request) -> dict[str, Any]:
    """Create an instance: 200, with its task still running.

    400 for an invalid value or an unknown flavor or version, 413 beyond the
    quota, 501 for unsupported features, 503 if no task manager was reached.
    """
    body = request.body['instance']
    common_names.check_instance(body['name'])
    references.check(request, NAMED)
    if body.get('users'):
        request.authorize('instance:extension:user:create')
    if body.get('databases'):
        request.authorize('instance:extension:database:create')
    offers.check(request, body)
    offers.check_place(request, body)
    version = _datastore_version(request, body.get('datastore') or {})
    flavor = _flavor(request, body, version.id)
    size = _volume_size(request, body)
    volume = body['volume'] if isinstance(body['volume'], dict) else {}
    offers.check_volume_type(request, version.id, volume.get('type'))
    backup_id, restore_time = restores.check(request, body, version, size)
    databases, users = names.check_new(
        names.rules(version.manager or '', request.runtime.conf),
        body.get('databases') or (),
        body.get('users') or (),
    )
    names.check_grants(users, (item['_name'] for item in databases))
    message = order(
        body, version, flavor, size, databases, backup_id
    ) | {'restore_time': restore_time}
    group = None
    if body.get('configuration'):
        group, message['overrides'] = attachments.for_new(
            request, body['configuration'], version
        )
    wanted = instance_modules.of_new(request, body, version)
    modules = instance_modules.orders(request, wanted) or None
    message['modules'] = [each.id for each in wanted] or None
    instance = record(request, body, version, flavor, message, users, group)
    try:
        instance_modules.record(instance.id, wanted)
        request.taskmanager().create_instance(
            request.context,
            instance_id=instance.id,
            users=users,
            **message | {'modules': modules},
        )
    except Exception:
        if remove(instance.id):
            raise
        # A task manager has the job, so the message was delivered after all.
    return {'instance': views.detail(request, instance)}


def index(request: api_request.Request) -> dict[str, Any]:
    """List the instances of the project, in pages: 200.

    400 for an invalid limit or an unknown marker.
    """
    return _list(request, views.summary)


def detail(request: api_request.Request) -> dict[str, Any]:
    """List the instances with details, in pages: 200.

    400 for an invalid limit or an unknown marker.
    """
    return _list(request, views.detail)


def show(request: api_request.Request) -> dict[str, Any]:
    """Show an instance: 200, or 404."""
    instance = request.instance()
    view = views.detail(request, instance)
    if instance.slave_of_id or instance.replicas:
        expiry = request.runtime.conf.agent_heartbeat_expiry
        ids = [instance.id, *instance.replicas]
        views.follow(view, replication.states(ids, expiry))
    used = volume_used(request, instance)
    if used is not None:
        view['volume']['used'] = used
    window = logs.window(instance.id)
    if window is not None:
        view['restorable'] = dataclasses.asdict(window)
        if window.reason is None:
            del view['restorable']['reason']
    pending = attached.pending(instance)
    if pending:
        view['pending_restart'] = pending
    if instance.configuration_id:
        with contextlib.suppress(exception.NotFound):
            view['configuration']['name'] = owned.require(
                request.seer, 'configuration', instance.configuration_id
            )
    return {'instance': view}


def delete(request: api_request.Request) -> None:
    """Delete an instance in any state: 202, or 403 while it has replicas."""
    instance = request.instance()
    taskmanager = request.taskmanager()
    actions.start(
        request,
        instance,
        'delete_instance',
        lambda: taskmanager.delete_instance(
            request.context, instance_id=instance.id
        ),
    )
    # Now, as no task manager has the token of the user.
    known = encryption.recorded((instance.id,)).get(instance.id)
    if known is not None:
        consumers.release(request, known.reference, instance.id)


def volume_used(
    request: api_request.Request, instance: entities.Instance
) -> float | None:
    """Return the used GiB of a volume, as reported by the guest.

    None when the guest is unavailable or does not answer in time. A guest that
    did not answer is not asked again for a while, which keeps requests quick.
    """
    runtime = request.runtime
    timeout = runtime.conf.volume_used_timeout
    asks = timeout > 0 and instance.status in ('ACTIVE', 'HEALTHY')
    if (
        not asks
        or instance.silent_for is not None
        or runtime.is_silent(instance.id)
    ):
        return None
    used = runtime.ask(
        lambda: _ask_volume_used(request, instance, timeout), timeout
    )
    if used is None:
        runtime.mark_silent(instance.id)
    return used


def _ask_volume_used(
    request: api_request.Request,
    instance: entities.Instance,
    timeout: float,
) -> float | None:
    guest = request.runtime.guest(instance.id, timeout)
    try:
        stats = guest.get_filesystem_stats(request.context, fs_path=None)
        return round(float(stats['used']), 2)
    except exception.ServiceUnavailable:
        request.runtime.mark_silent(api_runtime.EVERYBODY)
    except (exception.TroveError, KeyError, TypeError, ValueError) as error:
        LOG.info(
            'Showing instance %s without the used space of its volume, '
            'because its guest agent did not answer: %s',
            instance.id,
            error,
        )
    return None


def _list(request: api_request.Request, view: Any) -> dict[str, Any]:
    everywhere = bool(request.flag('all_projects'))
    if everywhere:
        request.authorize('mgmt:instance:index')
    found, marker = instances.list_(
        request.seer if everywhere else request.context,
        limit=paging.limit(request, request.runtime.conf.instances_page_size),
        marker=paging.marker(request),
        all_projects=everywhere,
        project_id=None if everywhere else request.project_id,
        include_clustered=bool(request.flag('include_clustered')),
    )
    items = [view(request, request.judged(instance)) for instance in found]
    return paging.body(request, 'instances', items, marker)


def record(
    request: api_request.Request,
    body: dict[str, Any],
    version: datastores.DatastoreVersion,
    flavor: cloud_base.Flavor,
    order: dict[str, Any],
    users: list[dict[str, Any]],
    group: configurations.Group | None,
) -> entities.Instance:
    """Store a new instance."""
    instance_id = uuidutils.generate_uuid()
    try:
        return instances.create(
            request.runtime.conf,
            request.context,
            instance_id=instance_id,
            name=body['name'],
            flavor_id=flavor.id,
            ram=flavor.ram,
            volume_size=order['volume_size'],
            datastore_version_id=version.id,
            access=body.get('access'),
            region_id=body.get('region_name'),
            slave_of_id=order['slave_of_id'],
            group=group,
            # For recovery, if the message is lost or its task manager dies.
            details={
                **order,
                **workflow_secrets.seal(
                    request.runtime.conf, instance_id, {'users': users}
                ),
            },
        )
    except exception.RowLocked:
        raise
    except exception.ServiceUnavailable:
        # The connection may have broken after the commit.
        remove(instance_id)
        raise


def remove(instance_id: str) -> bool:
    """Remove an instance whose creation was not sent.

    :returns: False when there is none, or a task manager creates it
    :raises ServiceUnavailable: the database is unreachable, so the instance
        may exist
    """
    try:
        removed = instances.mark_deleted(instance_id)
    except exception.ServiceUnavailable as error:
        LOG.warning(
            'It is unknown whether instance %s was stored: %s If so, a task '
            'manager creates it, or gives it up, when the database is back; '
            'the user was told so.',
            instance_id,
            error,
        )
        raise exception.ServiceUnavailable(
            f'{error} The instance {instance_id} may exist then. If so, wait '
            'until its status is no longer BUILD, and delete it if you do not '
            'need it, before you repeat the request.'
        ) from None
    if removed:
        LOG.warning(
            'Could not send the creation of instance %s to the task managers; '
            'removed its record.',
            instance_id,
        )
    return removed


def _datastore_version(
    request: api_request.Request, body: dict[str, str]
) -> datastores.DatastoreVersion:
    with references.naming('instance.datastore'):
        datastore = datastores.get(request.runtime.conf, body.get('type'))
        return datastores.get_version(
            datastore, body.get('version'), number=body.get('version_number')
        )


def _flavor(
    request: api_request.Request, body: dict[str, Any], version_id: str
) -> cloud_base.Flavor:
    if 'flavorRef' in body and 'flavor' in body:
        raise exception.BadRequest(
            'instance has both "flavorRef" and "flavor", which are synonyms; '
            'provide one of them.'
        )
    key = 'flavor' if 'flavor' in body else 'flavorRef'
    if key not in body:
        raise exception.BadRequest(
            'instance has no "flavorRef", which is required.'
        )
    with references.naming(f'instance.{key}'):
        found = actions.flavor(request, body[key])
        offers.check_flavor(version_id, found)
        return found


def _volume_size(request: api_request.Request, body: dict[str, Any]) -> int:
    if 'volume' not in body:
        raise exception.BadRequest(
            'instance has no "volume" with a "size", which is required.'
        )
    return actions.volume_size(request, body['volume'])


def order(
    body: dict[str, Any],
    version: datastores.DatastoreVersion,
    flavor: cloud_base.Flavor,
    size: int,
    databases: list[dict[str, Any]] | None = None,
    backup_id: str | None = None,
) -> dict[str, Any]:
    """Return the arguments for the task manager, without id and users.

    They have no secrets, so they can be stored with the job.
    """
    volume = body['volume']
    return {
        'name': body['name'],
        'flavor': flavor.to_dict(),
        'image_id': version.image_id,
        'databases': databases or [],
        'datastore_manager': version.manager,
        'packages': version.packages,
        'volume_size': size,
        'backup_id': backup_id,
        'availability_zone': body.get('availability_zone'),
        'root_password': None,
        'nics': [offers.nic(nic) for nic in body.get('nics') or ()],
        'overrides': None,
        'slave_of_id': None,
        'cluster_config': None,
        'volume_type': volume.get('type')
        if isinstance(volume, dict)
        else None,
        'modules': None,
        'locality': body.get('locality'),
        'access': body.get('access'),
        'ds_version': version.version,
    }
