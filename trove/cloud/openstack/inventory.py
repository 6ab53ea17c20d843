# SPDX-License-Identifier: Apache-2.0
"""All that has the marks of an instance, whatever the database says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
import uuid

from trove.cloud.openstack import calls
from trove.cloud.openstack import groups
from trove.cloud.openstack import marks
from trove.cloud.openstack import servers
from trove.cloud.openstack import snapshots


def of(api: calls.Calls) -> dict[str, list[str]]:
    """Return what there is of each instance, by its id.

    A snapshot is of a backup, by the id of that.
    """
    found: dict[str, list[str]] = {}
    for instance_id, kind, thing in _all(api):
        if _is_id(instance_id):
            found.setdefault(instance_id, []).append(f'{kind} {thing.id}')
    return found


def _all(api: calls.Calls) -> Iterator[tuple[str, str, Any]]:
    """Yield what may be the id of an instance, a kind, and a thing."""
    for server in servers.Servers(api).tagged(marks.INSTANCE):
        instance_id = (server.metadata or {}).get(marks.METADATA, '')
        yield instance_id, 'server', server
    for volume in api.look(
        'list the volumes', lambda: list(api.volumes.volumes())
    ):
        yield _after(marks.PREFIX, volume.name), 'volume', volume
    for snapshot in snapshots.Snapshots(api).all():
        name = _after(marks.PREFIX, snapshot.name)
        yield name.removesuffix(marks.SNAPSHOT), 'snapshot', snapshot
    prefix = f'{api.conf.trove_security_group_name_prefix}-'
    for group in api.look(
        'list the security groups',
        lambda: list(api.network.security_groups(project_id=api.project_id)),
    ):
        yield _after(prefix, group.name), 'security group', group
    for port in api.look(
        'list the ports',
        lambda: list(api.network.ports(project_id=api.project_id)),
    ):
        yield _after(marks.PREFIX, port.name), 'port', port
    for address in api.look(
        'list the floating IPs', lambda: list(api.network.ips())
    ):
        name = _after(marks.PREFIX, address.description)
        yield name, 'floating IP', address
    for group in groups.Groups(api).orphans():
        yield _after(marks.LOCALITY, group.name), 'server group', group


def _after(prefix: str, name: str | None) -> str:
    return (name or '').removeprefix(prefix)


def _is_id(text: str) -> bool:
    """Whether a text is an id as Trove gives them, and no other name."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
