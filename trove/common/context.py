# SPDX-License-Identifier: Apache-2.0
"""The context of a request, in REST and in every message."""

from __future__ import annotations

from typing import Any
from typing import Self

from oslo_context import context as oslo_context

from trove.common import text


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
        #: Whether it was sealed, which nobody can without the key; not sent
        #: either.
        self.sealed = False

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

    def get_logging_values(self) -> dict[str, Any]:
        """As in a log line: what the sender has put into it does no harm."""
        return {
            name: _printable(value)
            for name, value in super().get_logging_values().items()
        }

    def to_wire(self, released: bool = True) -> dict[str, Any]:
        """As in a message: without what readers put in by themselves.

        All releases take what is not there for None, or an empty list.
        oslo.messaging copies each entry several times, so this is a good
        part of the time that a short message takes.

        :param released: the reader may be of a release, and know the project
            by another name
        """
        said = {
            name: value
            for name, value in self.to_dict().items()
            if value is not None and value != []
        }
        if not released:
            for name, usual in _NOT_NEEDED.items():
                if usual is None or said.get(name) is usual:
                    said.pop(name, None)
        return said

    @classmethod
    def from_dict(cls, values: dict[str, Any], **kwargs: Any) -> Self:
        known = {
            _ARGUMENTS[name]: _printable(value)
            for name, value in values.items()
            if name in _ARGUMENTS
        }
        known['project_id'] = _printable(
            values.get('project_id')
            or values.get('tenant')
            or values.get('project')
        )
        return cls(**known | kwargs) if kwargs else cls(**known)


def _printable(value: Any) -> Any:
    if isinstance(value, str) and not value.isprintable():
        return text.printable(value)
    return value


#: Entries that say what others say (None), or what is usual.
_NOT_NEEDED = {
    'tenant': None,
    'project': None,
    'user_identity': None,
    'is_admin': False,
    'is_admin_project': True,
    'read_only': False,
    'show_deleted': False,
}

#: The arguments of a context, by the entry of a message.
_ARGUMENTS = {
    'user': 'user_id',
    'domain': 'domain_id',
    'user_domain': 'user_domain_id',
    'project_domain': 'project_domain_id',
} | {
    name: name
    for name in (
        'system_scope',
        'is_admin',
        'is_admin_project',
        'read_only',
        'show_deleted',
        'auth_token',
        'request_id',
        'global_request_id',
        'resource_uuid',
        'roles',
        'user_name',
        'project_name',
        'domain_name',
        'user_domain_name',
        'project_domain_name',
        'limit',
        'marker',
        'service_catalog',
    )
}


def make_admin_context(**kwargs: Any) -> TroveContext:
    """Return a context for work that no user asked for.

    It does not become the current context of the thread, so that log lines
    of a request in progress keep their request id.
    """
    kwargs.setdefault('overwrite', False)
    return TroveContext(is_admin=True, **kwargs)
