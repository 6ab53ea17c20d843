# SPDX-License-Identifier: Apache-2.0
"""Who asks: the context of a request, in REST and in every message."""

from __future__ import annotations

from typing import Any
from typing import Self

from oslo_context import context as oslo_context


class TroveContext(oslo_context.RequestContext):
    """The context of a request.

    What released peers write into their messages is read in every form:
    releases up to 15 name the project ``tenant``, those from 17 on
    ``project_id``; we send ``tenant``, ``project`` and ``project_id``
    (measured, see the wire facts in the contributor guide).
    """

    def __init__(
        self,
        *,
        limit: int | None = None,
        marker: str | None = None,
        service_catalog: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.limit = limit
        self.marker = marker
        self.service_catalog = service_catalog or []
        #: Id of the instance with whose key the message was sealed; None
        #: for one that did not come from a guest, or came in the clear.
        #: Never sent: who receives a message finds it out.
        self.sender: str | None = None

    def to_dict(self) -> dict[str, Any]:
        project = self.project_id
        user, domain = self.user_id, self.domain_id
        of_user, of_project = self.user_domain_id, self.project_domain_id
        return {
            'user': user,
            'tenant': project,
            'project': project,
            'project_id': project,
            'domain': domain,
            'user_domain': of_user,
            'project_domain': of_project,
            'system_scope': self.system_scope,
            'user_identity': f'{user or "-"} {project or "-"} '
            f'{domain or "-"} {of_user or "-"} {of_project or "-"}',
            'is_admin': self.is_admin,
            'is_admin_project': self.is_admin_project,
            'read_only': self.read_only,
            'show_deleted': self.show_deleted,
            'auth_token': self.auth_token,
            'request_id': self.request_id,
            'global_request_id': self.global_request_id,
            'resource_uuid': self.resource_uuid,
            'roles': self.roles,
            'limit': self.limit,
            'marker': self.marker,
            'service_catalog': self.service_catalog,
        }

    def to_wire(self) -> dict[str, Any]:
        """As in a message: without what readers put in by themselves.

        All releases take what is not there for None, or an empty list.
        oslo.messaging copies each entry several times, so this is a good
        part of the time that a short message takes.
        """
        return {
            name: value
            for name, value in self.to_dict().items()
            if value is not None and value != []
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], **kwargs: Any) -> Self:
        get = values.get
        known = {
            'user_id': get('user'),
            'project_id': get('project_id')
            or get('tenant')
            or get('project'),
            'domain_id': get('domain'),
            'user_domain_id': get('user_domain'),
            'project_domain_id': get('project_domain'),
            'system_scope': get('system_scope'),
            'is_admin': get('is_admin', False),
            'is_admin_project': get('is_admin_project', True),
            'read_only': get('read_only', False),
            'show_deleted': get('show_deleted', False),
            'auth_token': get('auth_token'),
            'request_id': get('request_id'),
            'global_request_id': get('global_request_id'),
            'resource_uuid': get('resource_uuid'),
            'roles': get('roles'),
            'user_name': get('user_name'),
            'project_name': get('project_name'),
            'domain_name': get('domain_name'),
            'user_domain_name': get('user_domain_name'),
            'project_domain_name': get('project_domain_name'),
            'limit': get('limit'),
            'marker': get('marker'),
            'service_catalog': get('service_catalog'),
        }
        return cls(**known | kwargs) if kwargs else cls(**known)


def make_admin_context(**kwargs: Any) -> TroveContext:
    """Return a context for work that no user asked for.

    It does not become the current context of the thread, so that log lines
    of a request in progress keep their request id.
    """
    kwargs.setdefault('overwrite', False)
    return TroveContext(is_admin=True, **kwargs)
