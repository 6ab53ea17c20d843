# SPDX-License-Identifier: Apache-2.0
"""Options that every message needs, where they are quickly at hand."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg


class Settings(dict[str, Any]):
    """Options of the group DEFAULT by name, read once.

    ``clear()`` makes it read them again. Reading one from oslo.config takes
    as long as sealing a message.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__()
        self._conf = conf

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._conf[name]
        return value
