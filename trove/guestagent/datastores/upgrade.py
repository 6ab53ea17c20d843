# SPDX-License-Identifier: Apache-2.0
"""Run the programs of another version on the same data.

It may be repeated, by another process of the agent, too: the version before
is noted until the new one has started.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import home as homes

LOG = logging.getLogger(__name__)

Capability = capability.Capability


class Upgrading:
    """The part of :class:`.base.Driver` that changes versions."""

    @capability.of(Capability.UPGRADE)
    def check_upgrade(self, version: str) -> None:
        """Check that the data can be used by the server of a version.

        :raises trove.common.exception.TroveError: they cannot
        """
        raise NotImplementedError

    @capability.of(Capability.UPGRADE)
    def upgrade(self, version: str) -> None:
        """Run the server of another version on the same data.

        It may be repeated.

        :raises trove.common.exception.TroveError: it does not run; the former
            one runs again, if possible
        """
        raise NotImplementedError

    @capability.of(Capability.UPGRADE)
    def finish_upgrade(self) -> None:
        """Do what takes long after it, while the database is in use.

        Other orders are carried out meanwhile.

        :raises trove.common.exception.TroveError: it is to be done by hand
        """
        raise NotImplementedError


def check(home: homes.Home[Any], version: str) -> None:
    """Check that the server of a version would start.

    :raises trove.common.exception.TroveError: it is not installed, or refuses
        its settings
    """
    home.make_server(home.installed(version)).check_start()


def carry_out(
    home: homes.Home[Any],
    start: Callable[[], None],
    stop: Callable[[], None],
    version: str,
) -> None:
    """Replace the server by one of a version, or have the former one again.

    :raises trove.common.exception.TroveError: it does not run; the former
        one does, if possible
    """
    found = home.installed(version)
    now = home.server().programs
    former = home.former_version or now.text
    if found == now and home.former_version is None:
        start()
        return
    LOG.info(
        'Replacing %s %s by %s in %s',
        home.kind.title,
        former,
        found.text,
        found.directory,
    )
    stop()
    home.use(found.text, former)
    try:
        start()
    except exception.TroveError as error:
        LOG.error(
            '%s %s does not start; starting %s again: %s',
            home.kind.title,
            found.text,
            former,
            error,
        )
        stop()
        home.use(former)
        start()
        raise exception.DatastoreError(
            action=f'run version {found.text}',
            reason=f'{error} It runs version {former} as before.',
        ) from error
    home.use(found.text)
