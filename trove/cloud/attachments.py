# SPDX-License-Identifier: Apache-2.0
"""Volumes taken from their servers, which not all clouds do."""

from __future__ import annotations

from typing import ClassVar

from trove.common import context as trove_context
from trove.common import exception

Context = trove_context.TroveContext


class Attachments:
    """A volume stays at its server, unless a driver says otherwise."""

    #: Whether a volume can be taken from its server and given back.
    detachable: ClassVar[bool] = False

    def detach(self, context: Context, instance_id: str) -> None:
        """Take the volume from its server, where nothing uses it.

        One that is detached is fine.

        :raises NotFound: the instance has no volume or no server
        :raises CloudError: it may still be attached
        """
        raise exception.NotSupported(what='Detaching a volume')

    def attach(self, context: Context, instance_id: str) -> None:
        """Give the volume back to its server, at the same device.

        One that is attached is fine, and so is one whose enlargement failed.

        :raises NotFound: the instance has no volume or no server
        :raises CloudError: it is not attached
        """
        raise exception.NotSupported(what='Attaching a volume')
