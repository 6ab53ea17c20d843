# SPDX-License-Identifier: Apache-2.0
"""Every path of the API: verb, handler, policy rule, body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

from trove.api import paging
from trove.api import request as api_request
from trove.api import validation
from trove.api.handlers import absent
from trove.api.handlers import actions
from trove.api.handlers import backup_strategies
from trove.api.handlers import backups
from trove.api.handlers import changes
from trove.api.handlers import configurations
from trove.api.handlers import databases
from trove.api.handlers import datastore_versions
from trove.api.handlers import datastores
from trove.api.handlers import flavors
from trove.api.handlers import instance_modules
from trove.api.handlers import instances
from trove.api.handlers import limits
from trove.api.handlers import logs
from trove.api.handlers import mgmt
from trove.api.handlers import modules
from trove.api.handlers import parameters
from trove.api.handlers import replicas
from trove.api.handlers import root
from trove.api.handlers import ssl
from trove.api.handlers import users
from trove.api.handlers import versions
from trove.api.schemas import backup as backup_schema
from trove.api.schemas import configuration as configuration_schema
from trove.api.schemas import database as database_schema
from trove.api.schemas import datastore_version as version_schema
from trove.api.schemas import instance as instance_schema
from trove.api.schemas import log as log_schema
from trove.api.schemas import module as module_schema
from trove.api.schemas import quota as quota_schema
from trove.api.schemas import root as root_schema
from trove.api.schemas import ssl as ssl_schema
from trove.api.schemas import user as user_schema

Handler = Callable[[api_request.Request], Any]


class Route(NamedTuple):
    """One verb of one path.

    :ivar path: below ``/v1.0``; variable parts in braces
    :ivar handler: returns what the answer's body holds, None for no body
    :ivar rule: name of the policy rule; empty where no token is needed
    :ivar status: of the answer when all went well
    :ivar check: False where the handler must choose or check the rule
        itself, because it depends on the path
    :ivar any_of: where the rule depends on the body: one of these must hold
        before the body is read, and the handler checks which
    :ivar schema: what the body must look like; None where there is none, and
        one that is sent is refused
    :ivar query: the parameters that the query may have, all of which are
        applied; others are refused. None where it is not looked at.
    """

    verb: str
    path: str
    handler: Handler
    rule: str
    status: int = 200
    schema: validation.Body | None = None
    check: bool = True
    any_of: tuple[str, ...] = ()
    query: tuple[str, ...] | None = ()


#: Of all lists.
_PAGE = ('limit', 'marker', paging.QUOTED)
_CLUSTERED = (*_PAGE, 'include_clustered')
_MANAGED = (*_CLUSTERED, 'deleted', 'project_id')

_P = '/{project_id}'
_I = _P + '/instances'
_II = _I + '/{instance_id}'
_D = _P + '/datastores'
_DV = _D + '/{datastore}/versions'
_C = _P + '/configurations'
_CC = _C + '/{configuration_id}'
_VP = _D + '/versions/{version}/parameters'
_M = _P + '/mgmt'
_MP = _M + '/datastores/versions/{version}/parameters'
_MI = _M + '/instances'
_MII = _MI + '/{instance_id}'
_MV = _M + '/datastore-versions'
_DB = _II + '/databases'
_U = _II + '/users'
_UU = _U + '/{name}'
_R = _II + '/root'
_B = _P + '/backups'
_S = _P + '/backup_strategies'
_MO = _P + '/modules'
_MOM = _MO + '/{module_id}'

_database = 'instance:extension:database:'
_user = 'instance:extension:user:'
_access = 'instance:extension:user_access:'
_root = 'instance:extension:root:'
_version = 'mgmt:datastore_version:'
_parameter = 'configuration-parameter:'
_mgmt_parameter = 'mgmt:configuration_parameter:'


def _action(path: str, table: actions.Actions) -> Route:
    return Route(
        'POST',
        path + '/action',
        table.perform,
        table.rules[0],
        202,
        table.body,
        any_of=table.rules,
    )


# One route per line, so that the table can be read as a table.
# fmt: off
ROUTES: tuple[Route, ...] = (
    Route('GET', '/', versions.show, '', check=False, query=None),

    Route('GET', _D, datastores.index, 'datastore:index',
          query=_PAGE),
    Route('GET', _D + '/{datastore}', datastores.show, 'datastore:show'),
    Route('DELETE', _D + '/{datastore}', datastores.delete,
          'datastore:delete', 202),
    Route('GET', _DV, datastores.versions, 'datastore:version_index',
          query=_PAGE),
    Route('GET', _DV + '/{version}', datastores.version,
          'datastore:version_show'),
    Route('GET', _DV + '/{version}/flavors', datastores.version_flavors,
          'datastore:list_associated_flavors'),
    Route('GET', _DV + '/{version}/volume-types',
          datastores.version_volume_types,
          'datastore:list_associated_volume_types'),
    Route('GET', _D + '/versions/{version}', datastores.version_by_id,
          'datastore:version_show_by_uuid'),

    Route('GET', _DV + '/{version}/parameters', parameters.index,
          _parameter + 'index'),
    Route('GET', _DV + '/{version}/parameters/{name}', parameters.show,
          _parameter + 'show'),
    Route('GET', _VP, parameters.index, _parameter + 'index_by_version'),
    Route('GET', _VP + '/{name}', parameters.show,
          _parameter + 'show_by_version'),

    Route('GET', _P + '/flavors', flavors.index, 'flavor:index'),
    Route('GET', _P + '/flavors/{flavor}', flavors.show, 'flavor:show'),

    Route('GET', _P + '/limits', limits.index, 'limits:index'),

    Route('POST', _I, replicas.create, 'instance:create', 200,
          instance_schema.CREATE),
    Route('GET', _I, instances.index, 'instance:index',
          query=(*_CLUSTERED, 'all_projects')),
    Route('GET', _I + '/detail', instances.detail, 'instance:detail',
          query=(*_CLUSTERED, 'all_projects')),
    Route('GET', _II, instances.show, 'instance:show'),
    Route('PUT', _II, changes.update, 'instance:update', 202,
          instance_schema.UPDATE),
    Route('PATCH', _II, changes.edit, 'instance:edit', 202,
          instance_schema.EDIT),
    Route('DELETE', _II, instances.delete, 'instance:delete', 202),
    Route('GET', _II + '/configuration', changes.configuration,
          'instance:configuration'),
    _action(_II, replicas.ACTIONS),

    Route('GET', _II + '/modules', instance_modules.index,
          'instance:module_list', query=('from_guest', 'include_contents')),
    Route('POST', _II + '/modules', instance_modules.apply,
          'instance:module_apply', 200, module_schema.APPLY),
    Route('DELETE', _II + '/modules/{module_id}', instance_modules.remove,
          'instance:module_remove'),

    Route('POST', _DB, databases.create, _database + 'create', 202,
          database_schema.CREATE),
    Route('GET', _DB, databases.index, _database + 'index',
          query=_PAGE),
    Route('GET', _DB + '/{name}', databases.show, _database + 'show'),
    Route('DELETE', _DB + '/{name}', databases.delete, _database + 'delete',
          202),

    Route('POST', _U, users.create, _user + 'create', 202,
          user_schema.CREATE),
    Route('GET', _U, users.index, _user + 'index',
          query=_PAGE),
    Route('PUT', _U, users.change_passwords, _user + 'update_all', 202,
          user_schema.CHANGE_PASSWORDS),
    Route('POST', _UU, users.create_one, _user + 'create', 202,
          user_schema.CREATE_ONE),
    Route('GET', _UU, users.show, _user + 'show'),
    Route('PUT', _UU, users.update, _user + 'update', 202,
          user_schema.UPDATE),
    Route('DELETE', _UU, users.delete, _user + 'delete', 202),
    Route('GET', _UU + '/databases', users.list_access, _access + 'index'),
    Route('PUT', _UU + '/databases', users.grant, _access + 'update', 202,
          database_schema.GRANT),
    Route('DELETE', _UU + '/databases/{database}', users.revoke,
          _access + 'delete', 202),

    Route('POST', _R, root.enable, _root + 'create', 200,
          root_schema.ENABLE),
    Route('GET', _R, root.show, _root + 'index'),
    Route('DELETE', _R, root.disable, _root + 'delete', 204),

    Route('GET', _II + '/log', logs.index, 'instance:guest_log_list'),
    Route('POST', _II + '/log', logs.act, 'instance:guest_log_action', 200,
          log_schema.ACT),

    Route('GET', _II + '/ssl', ssl.show, 'instance:ssl_show',
          query=('include_certificate',)),
    Route('POST', _II + '/ssl', ssl.act, 'instance:ssl_action', 200,
          ssl_schema.ACT),

    Route('GET', _II + '/backups', backups.index_of_instance,
          'instance:backups', query=_PAGE),
    Route('POST', _B, backups.create, 'backup:create', 202,
          backup_schema.CREATE),
    Route('GET', _B, backups.index, 'backup:index',
          query=(*_PAGE, 'all_projects', 'datastore', 'instance_id',
                 'project_id')),
    Route('GET', _B + '/{backup_id}', backups.show, 'backup:show'),
    Route('DELETE', _B + '/{backup_id}', backups.delete, 'backup:delete',
          202),
    Route('POST', _B + '/{backup_id}/action', backups.verify,
          'backup:verify', 202, backup_schema.VERIFY),
    Route('POST', _S, backup_strategies.create, 'backup_strategy:create',
          202, backup_schema.STRATEGY),
    Route('GET', _S, backup_strategies.index, 'backup_strategy:index',
          query=('instance_id', 'project_id')),
    Route('DELETE', _S, backup_strategies.delete, 'backup_strategy:delete',
          202, query=('instance_id', 'project_id')),
    Route('GET', _C, configurations.index, 'configuration:index',
          query=_PAGE),
    Route('POST', _C, configurations.create, 'configuration:create', 200,
          configuration_schema.CREATE),
    Route('GET', _CC, configurations.show, 'configuration:show'),
    Route('PATCH', _CC, configurations.edit, 'configuration:edit', 200,
          configuration_schema.EDIT),
    Route('PUT', _CC, configurations.replace, 'configuration:update', 202,
          configuration_schema.REPLACE),
    Route('DELETE', _CC, configurations.delete, 'configuration:delete', 202),
    Route('GET', _CC + '/instances', configurations.instances,
          'configuration:instances', query=_PAGE),

    Route('POST', _MO, modules.create, 'module:create', 200,
          module_schema.CREATE),
    Route('GET', _MO, modules.index, 'module:index',
          query=(*_PAGE, 'datastore')),
    Route('GET', _MOM, modules.show, 'module:show'),
    Route('PUT', _MOM, modules.update, 'module:update', 200,
          module_schema.UPDATE),
    Route('DELETE', _MOM, modules.delete, 'module:delete'),
    Route('GET', _MOM + '/instances', modules.instances, 'module:instances',
          query=(*_PAGE, 'include_clustered', 'count_only')),
    Route('PUT', _MOM + '/instances', modules.reapply, 'module:reapply',
          202, module_schema.REAPPLY),

    # No release of this tree makes any; clients ask for them all the same.
    Route('GET', _P + '/clusters', absent.clusters, 'cluster:index',
          query=_PAGE),
    Route('GET', _M + '/clusters', absent.clusters, 'mgmt:cluster:index',
          query=(*_PAGE, 'deleted')),

    Route('GET', _MI, mgmt.index, 'mgmt:instance:index',
          query=_MANAGED),
    Route('GET', _MII, mgmt.show, 'mgmt:instance:show',
          query=('deleted',)),
    _action(_MII, mgmt.ACTIONS),
    Route('GET', _MII + '/root', mgmt.root, 'mgmt:instance:root'),
    Route('GET', _MII + '/rpc_ping', mgmt.rpc_ping,
          'mgmt:instance:rpc_ping', 204),
    Route('GET', _MII + '/diagnostics', mgmt.diagnostics,
          'mgmt:instance:diagnostics'),
    Route('GET', _MII + '/hwinfo', mgmt.hwinfo, 'mgmt:instance:hwinfo'),
    Route('GET', _MV, datastore_versions.index, _version + 'index',
          query=_PAGE),
    Route('POST', _MV, datastore_versions.create, _version + 'create', 202,
          version_schema.CREATE),
    Route('GET', _MV + '/{version}', datastore_versions.show,
          _version + 'show'),
    Route('PATCH', _MV + '/{version}', datastore_versions.edit,
          _version + 'edit', 202, version_schema.EDIT),
    Route('DELETE', _MV + '/{version}', datastore_versions.delete,
          _version + 'delete', 202),
    Route('GET', _MP, parameters.manage_index, _mgmt_parameter + 'index'),
    Route('POST', _MP, parameters.create, _mgmt_parameter + 'create', 200,
          configuration_schema.PARAMETER),
    Route('GET', _MP + '/{name}', parameters.manage_show,
          _mgmt_parameter + 'show'),
    Route('PUT', _MP + '/{name}', parameters.update,
          _mgmt_parameter + 'update', 200, configuration_schema.PARAMETER),
    Route('DELETE', _MP + '/{name}', parameters.delete,
          _mgmt_parameter + 'delete', 204),
    Route('GET', _M + '/quotas/{project}', limits.quotas, 'mgmt:quota:show',
          check=False),
    Route('PUT', _M + '/quotas/{project}', limits.update_quotas,
          'mgmt:quota:update', 200, quota_schema.UPDATE),
)

#: Served at the root, beside ``/v1.0``.
VERSIONS: tuple[Route, ...] = (
    Route('GET', '/', versions.index, '', check=False, query=None),
)
# fmt: on
