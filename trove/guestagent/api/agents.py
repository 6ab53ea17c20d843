# SPDX-License-Identifier: Apache-2.0
"""Declares orders about the agent itself."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext


class Agents:
    """Orders about which agent the guest runs."""

    @rpc.call('1.5', sealed=True)
    def upgrade_agent(
        self, context: Context, package: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Begin to replace the agent; the database server goes on.

        The agent installs a package beside those that it has, ends, and is
        started again as the new one. If that does not report to a conductor
        in time, with the database as it was, the former one is started again.

        :param package: ``url``, ``sha256`` (64 hexadecimal digits) and
            ``seconds`` for the report; None: go back to the agent before
        :returns: as :meth:`get_agent`
        """

    @rpc.call('1.5', repeatable=True)
    def get_agent(self, context: Context) -> dict[str, Any]:
        """Return which agent runs.

        :returns: ``state`` (``installing``, ``trial`` until it has reported,
            ``running``), ``package`` (its SHA-256, empty for the agent of the
            image), ``previous`` (the one before, or None), ``release``,
            ``doing`` (what it must end before it can be replaced, or None);
            ``failed``, the package that the last order failed with, or None,
            and its ``reason``
        """
