# SPDX-License-Identifier: Apache-2.0
"""Every path of released Trove that is not served: verb, rule, what it is.

With :data:`trove.api.routes.ROUTES` these are all of release 26.0.
"""

from __future__ import annotations

from trove.api import references
from trove.api import routes
from trove.api import validation
from trove.api.handlers import absent

_P = '/{project_id}'
_L = _P + '/clusters'
_LL = _L + '/{cluster_id}'
_A = _P + '/mgmt'
_AL = _A + '/clusters/{cluster_id}'

_root = 'cluster:extension:root:'

# fmt: off
_ABSENT = (
    ('POST', _L, 'cluster:create', 'Clusters'),
    ('GET', _LL, 'cluster:show', 'Clusters'),
    ('POST', _LL, 'cluster:action', 'Clusters'),
    ('DELETE', _LL, 'cluster:delete', 'Clusters'),
    ('GET', _LL + '/instances/{member_id}', 'cluster:show_instance',
     'Clusters'),
    ('POST', _LL + '/root', _root + 'create', 'Clusters'),
    ('GET', _LL + '/root', _root + 'index', 'Clusters'),
    ('DELETE', _LL + '/root', _root + 'delete', 'Clusters'),

    ('POST', _A + '/instances/{instance_id}/upgrade',
     'mgmt:instance:upgrade', 'Upgrading guest agents'),
    ('GET', _AL, 'mgmt:cluster:show', 'Clusters'),
    ('POST', _AL + '/action', 'mgmt:cluster:reset_task', 'Clusters'),
)

#: What their bodies name.
_NAMED: dict[tuple[str, str], tuple[references.Reference, ...]] = {
    ('POST', _L): ((('cluster', 'datastore'), 'datastore'),
                   (('cluster', 'configuration'), 'configuration'),
                   (('cluster', 'instances', '*', 'modules', '*', 'id'),
                    'module')),
    ('POST', _LL): ((('grow', '*', 'modules', '*', 'id'), 'module'),
                    (('shrink', '*', 'id'), 'instance'),
                    (('upgrade', 'datastore_version'), 'version')),
}

#: And what their queries name.
_ASKED = (('instance_id', 'instance'), ('datastore', 'datastore'))
# fmt: on

_BODY = validation.Body(
    {'type': 'object', 'description': 'an object'}, optional=True
)


def _route(verb: str, path: str, rule: str, what: str) -> routes.Route:
    takes = verb in ('PATCH', 'POST', 'PUT')
    return routes.Route(
        verb,
        path,
        absent.handler(what, _NAMED.get((verb, path), ()), _ASKED),
        rule,
        501,
        _BODY if takes else None,
        query=None,
    )


ROUTES: tuple[routes.Route, ...] = tuple(_route(*each) for each in _ABSENT)
