# SPDX-License-Identifier: Apache-2.0
"""Parameters and configuration groups as they go out."""

from __future__ import annotations

from typing import Any

from trove.common.datastores import settings


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
