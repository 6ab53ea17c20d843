# SPDX-License-Identifier: Apache-2.0
"""Counts the messages that come in; what strangers write is no label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from typing import Protocol

from trove.common.rpc import _events
from trove.common.rpc import _incoming
from trove.common.rpc import _server

#: Versions that no history of ours has, and that are told apart.
_MOST_NEWER: Final = 16


class Count(Protocol):
    """Counts a message, by what became of it."""

    def __call__(
        self,
        outcome: _events.Outcome,
        message: _incoming.Message,
        cause: str = '',
    ) -> None: ...


def counter(
    endpoints: Sequence[_server.Endpoint], peer: str | None
) -> Count:
    """Return what counts the messages of one topic.

    :param peer: the instance whose guest this is, None for the services
    """
    interface = endpoints[0].interface.name
    history = [r for each in endpoints for r in each.interface.history]
    declared = {name for each in endpoints for name in each.interface.methods}
    versions = {str(revision.version) for revision in history}
    most = len(versions) + _MOST_NEWER
    releases = {revision.name: revision.release for revision in history}

    def release(message: _incoming.Message) -> str | None:
        """The release of the sender, None when it says nothing of it."""
        said = message.context.get(_incoming.REVISION)
        if said is None:
            return None
        known = isinstance(said, str) and said in releases
        return releases[said] if known else _incoming.UNKNOWN

    def count(
        outcome: _events.Outcome,
        message: _incoming.Message,
        cause: str = '',
    ) -> None:
        method, version = message.method, message.version
        if bool(message.form) and len(version) <= 4:
            # A newer release has some; who makes them up gets no more.
            if len(versions) < most:
                versions.add(version)
        _events.record(
            outcome,
            interface,
            peer,
            method if method in declared else _incoming.UNKNOWN,
            version if version in versions else _incoming.UNKNOWN,
            release=release(message),
            form=message.form,
            cause=cause,
        )

    return count
