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

    FROM_DICT_EXTRA_KEYS = ['limit', 'marker', 'service_catalog']

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

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = super().to_dict()
        values.update(
            tenant=self.project_id,
            project=self.project_id,
            project_id=self.project_id,
            limit=self.limit,
            marker=self.marker,
            service_catalog=self.service_catalog,
        )
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any], **kwargs: Any) -> Self:
        values = dict(values)
        for name in ('project_id', 'tenant', 'project'):
            if values.get(name):
                values['project_id'] = values[name]
                break
        context: Self = super().from_dict(values, **kwargs)
        return context


def make_admin_context(**kwargs: Any) -> TroveContext:
    """Return a context for work that no user asked for.

    It does not become the current context of the thread, so that log lines
    of a request in progress keep their request id.
    """
    kwargs.setdefault('overwrite', False)
    return TroveContext(is_admin=True, **kwargs)
