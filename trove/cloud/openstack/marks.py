# SPDX-License-Identifier: Apache-2.0
"""What the resources of an instance are called, as in released Trove."""

from __future__ import annotations

from typing import Final

#: Begins the names of volumes, ports and floating IPs.
PREFIX: Final = 'trove-'

#: Ends the names of snapshots.
SNAPSHOT: Final = '-backup'

#: Begins the names of server groups.
LOCALITY: Final = 'locality_'

#: Ends the name of the security group that management ports share. It is no
#: id, so nobody takes the group for that of an instance.
MANAGEMENT: Final = 'management'

#: A tag that each server has.
INSTANCE: Final = 'trove_instance'

_TAG: Final = 'trove_instance_id_'

#: The key of the instance in the metadata of servers and volumes.
METADATA: Final = 'trove_instance_id'


def name(instance_id: str) -> str:
    """Return the name of its volume, ports and floating IPs."""
    return f'{PREFIX}{instance_id}'


def snapshot(backup_id: str) -> str:
    """Return the name of the snapshot that a backup is."""
    return f'{PREFIX}{backup_id}{SNAPSHOT}'


def tag(instance_id: str) -> str:
    """Return the tag of its server."""
    return f'{_TAG}{instance_id}'


def locality(instance_id: str) -> str:
    """Return the name of the server group that was made for it."""
    return f'{LOCALITY}{instance_id}'
