# SPDX-License-Identifier: Apache-2.0
"""Resources of released Trove that this release does not have: 501.

Policy and the existence of the resources are checked first, as for
supported ones.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import functools
from typing import Any
from typing import NoReturn

from trove.api import paging
from trove.api import references
from trove.api import request as api_request
from trove.common import exception
from trove.common import names
from trove.objects import datastore as datastores
from trove.objects import owned

#: The alternative to each missing feature.
INSTEAD = {
    'Backups': 'Copy the data with the tools of the database, such as '
    'pg_dump.',
    'Backup strategies': 'Backups are not supported either.',
    'Clusters': 'Create the instances individually.',
    'Upgrading guest agents': 'Install it in the image, or on the server of '
    'the instance.',
}

_OWNED = ('backup', 'cluster', 'configuration', 'module')


def handler(
    what: str,
    named: Sequence[references.Reference],
    asked: Sequence[tuple[str, str]],
) -> Callable[[api_request.Request], NoReturn]:
    """Return a handler that answers 501.

    :param what: a key of :data:`INSTEAD`
    :param named: the references in the body
    :param asked: parameters of the query, and the nouns that they refer to
    """
    return functools.partial(_answer, what, named, asked)


def _answer(
    what: str,
    named: Sequence[references.Reference],
    asked: Sequence[tuple[str, str]],
    request: api_request.Request,
) -> NoReturn:
    """Answer 501, or 404 for an unknown resource in path, body or query."""
    _check_ids(request)
    references.check(request, named)
    for name, noun in asked:
        references.require(request, noun, request.query.get(name), name)
    refuse(what)


def action(what: str) -> Callable[..., NoReturn]:
    """Return the handler of an action: 501.

    :param what: one of :data:`INSTEAD`
    """

    def answer(*_: object) -> NoReturn:
        """Answer 501."""
        refuse(what)

    return answer


def refuse(what: str) -> NoReturn:
    """Refuse a request for an unsupported feature.

    :raises NotInRelease: always
    """
    raise exception.NotInRelease(what=what, instead=INSTEAD[what])


def clusters(request: api_request.Request) -> dict[str, Any]:
    """List no clusters: 200, or 501 if another release has created some.

    400 for any marker.
    """
    paging.limit(request, request.runtime.conf.instances_page_size)
    request.flag('deleted')
    everybody = request.rule.startswith('mgmt:')
    if owned.count('cluster', None if everybody else request.project_id):
        refuse('Clusters')
    marker = paging.marker(request)
    if marker is not None:
        raise names.unknown_marker(marker, 'a cluster')
    return {'clusters': []}


def _check_ids(request: api_request.Request) -> None:
    """Check the ids in the path.

    :raises NotFound: a resource does not exist, or is another project's
    """
    params = request.params
    if 'instance_id' in params:
        request.instance()
    for noun in _OWNED:
        if f'{noun}_id' in params:
            owned.require(request.seer, noun, params[f'{noun}_id'])
    inactive = bool(request.context.is_admin)
    if 'datastore' in params:
        datastore = datastores.get(request.runtime.conf, params['datastore'])
        if 'version' in params:
            datastores.get_version(
                datastore, params['version'], inactive=inactive
            )
    elif 'version' in params:
        datastores.get_version_by_id(params['version'], inactive=inactive)
