# SPDX-License-Identifier: Apache-2.0
"""Flavors in messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.cloud import base as cloud_base


def from_message(flavor: Mapping[str, Any]) -> cloud_base.Flavor:
    """Convert the flavor of a message.

    Released senders add all attributes of the compute service; only ``id``
    and ``ram`` (MiB) are required.

    :raises KeyError: ``id`` or ``ram`` is missing
    """
    return cloud_base.Flavor(
        id=str(flavor['id']),
        name=str(flavor.get('name') or flavor['id']),
        ram=int(flavor['ram']),
        vcpus=int(flavor.get('vcpus') or 1),
        disk=int(flavor.get('disk') or 0),
    )
