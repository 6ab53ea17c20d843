# SPDX-License-Identifier: Apache-2.0
"""Parameters and configuration groups as they go out."""

from __future__ import annotations

from typing import Any

from trove.api.views import instance
from trove.common.datastores import settings
from trove.objects import configuration


def parameter(version_id: str, it: settings.Parameter) -> dict[str, Any]:
    """Return a parameter with what its values must be."""
    view: dict[str, Any] = {
        'name': it.name,
        'type': it.type,
        'datastore_version_id': version_id,
        'restart_required': it.restart_required,
    }
    if it.maximum is not None:
        view['max'] = it.maximum
    if it.minimum is not None:
        view['min'] = it.minimum
    if it.unit is not None:
        view['unit'] = it.unit
    if it.choices:
        view['values'] = list(it.choices)
    return view


def management_parameter(
    version_id: str, it: settings.Parameter
) -> dict[str, Any]:
    """Return a parameter with the keys that it is changed by, too."""
    return {
        **parameter(version_id, it),
        'data_type': it.type,
        'max_size': it.maximum,
        'min_size': it.minimum,
    }


def summary(it: configuration.Group) -> dict[str, Any]:
    """Return a group as in a list."""
    version = it.version
    return {
        'id': it.id,
        'name': it.name,
        'description': it.description,
        'created': instance.time(it.created),
        'updated': instance.time(it.updated),
        'instance_count': it.instance_count,
        'datastore_name': version.datastore_name if version else None,
        'datastore_version_id': version.id if version else None,
        'datastore_version_name': version.name if version else None,
        'datastore_version_number': version.version if version else None,
    }


def detail(it: configuration.Group) -> dict[str, Any]:
    """Return a group with its values."""
    return {**summary(it), 'values': dict(it.values)}
