# SPDX-License-Identifier: Apache-2.0
"""Modules as they go out; without their contents."""

from __future__ import annotations

from typing import Any

from trove.api.views import instance
from trove.objects import module as modules
from trove.objects.instance import modules as uses


def summary(it: modules.Module) -> dict[str, Any]:
    """Return a module as in a list."""
    view = modules.told(it)
    del view['live_update']
    return {
        **view,
        'created': instance.time(it.created),
        'updated': instance.time(it.updated),
    }


def detail(
    it: modules.Module, instance_count: int | None = None
) -> dict[str, Any]:
    """Return a module.

    :param instance_count: how many instances have it with these contents
    """
    view = {**summary(it), 'live_update': it.live_update}
    if instance_count is not None:
        view['instance_count'] = instance_count
    return view


def count(it: modules.Module, found: uses.Count) -> dict[str, Any]:
    """Return how many instances have a module with the same contents."""
    return {
        'module_id': it.id,
        'module_name': it.name,
        'module_md5': found.md5,
        'current': found.md5 == it.md5,
        'instance_count': found.count,
        'min_updated_date': instance.time(found.first),
        'max_updated_date': instance.time(found.last),
    }


def applied(it: uses.Applied) -> dict[str, Any]:
    """Return a module as it is recorded of an instance."""
    return {
        'id': it.id,
        'name': it.name,
        'type': it.type,
        'description': it.description,
        'tenant': it.tenant_id or modules.ALL,
        'tenant_id': it.tenant_id,
        'datastore': it.datastore_id or modules.ALL,
        'datastore_id': it.datastore_id,
        'datastore_version': it.datastore_version_id or modules.ALL,
        'datastore_version_id': it.datastore_version_id,
        'auto_apply': it.auto_apply,
        'visible': it.visible,
        'md5': it.md5,
        'created': instance.time(it.created),
        'updated': instance.time(it.updated),
    }
