# SPDX-License-Identifier: Apache-2.0
"""Flavors as they come in messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trove.cloud import base as cloud_base


def from_message(flavor: Mapping[str, Any]) -> cloud_base.Flavor:
    """Return the cloud's form of a flavor.

    Released senders put in all that the compute service says about it;
    only ``id`` and ``ram`` (MiB) are needed.
    """
    return cloud_base.Flavor(
        id=str(flavor['id']),
        name=str(flavor.get('name') or flavor['id']),
        ram=int(flavor['ram']),
        vcpus=int(flavor.get('vcpus') or 1),
        disk=int(flavor.get('disk') or 0),
    )
