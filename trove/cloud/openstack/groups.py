# SPDX-License-Identifier: Apache-2.0
"""Server groups: they keep the servers of replicas together or apart."""

from __future__ import annotations

import functools
from typing import Any

from trove.cloud.openstack import calls
from trove.cloud.openstack import marks


class Groups:
    """The server groups of the project."""

    def __init__(self, api: calls.Calls) -> None:
        self._api = api

    def provide(self, instance_id: str, policy: str) -> str:
        """Return the id of the group of an instance, made when missing.

        :param policy: affinity or anti-affinity
        """
        api = self._api
        name = marks.locality(instance_id)
        group = self._named(name) or api.make(
            'create the server group',
            # The name of the policies before microversion 2.64.
            lambda: api.compute.create_server_group(
                name=name, policies=[policy]
            ),
            lambda: self._named(name),
        )
        return str(group.id)

    def of(self, server_id: str) -> str | None:
        """Return the id of the group that a server is in."""
        for group in self._all():
            if server_id in (group.member_ids or ()):
                return str(group.id)
        return None

    def drop_if_empty(self, instance_id: str, other: str | None) -> None:
        """Delete the group of an instance without a server.

        :param other: id of the group that its server was in, if any
        """
        for group in self._all():
            named = group.name == marks.locality(instance_id)
            if (named or group.id == other) and not self._has_servers(group):
                self.drop(group.id)

    def _has_servers(self, group: Any) -> bool:
        """Whether a member is there; Nova lists some that are not."""
        api = self._api
        for server_id in group.member_ids or ():
            server = api.find(
                'look at a server of the group',
                functools.partial(api.compute.get_server, server_id),
            )
            if server is not None and server.status != 'DELETED':
                return True
        return False

    def drop(self, group_id: str) -> None:
        api = self._api
        api.drop(
            'delete the server group',
            lambda: api.compute.delete_server_group(
                group_id, ignore_missing=False
            ),
        )

    def orphans(self) -> list[Any]:
        """Return the empty groups with a name of ours."""
        return [
            group
            for group in self._all()
            if group.name.startswith(marks.LOCALITY) and not group.member_ids
        ]

    def _named(self, name: str) -> Any:
        return next((g for g in self._all() if g.name == name), None)

    def _all(self) -> list[Any]:
        api = self._api
        return api.look(
            'list the server groups',
            lambda: list(api.compute.server_groups()),
        )
