# SPDX-License-Identifier: Apache-2.0
"""Capabilities of datastores, and how drivers declare them.

A driver names its capabilities, and has each method of the base class that
:func:`of` declares for one of them. The agent refuses orders for others, see
:mod:`trove.guestagent.orders`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import enum
import functools
from typing import Any
from typing import cast
from typing import TypeVar

from trove.common import exception

_F = TypeVar('_F', bound=Callable[..., Any])


class Capability(enum.StrEnum):
    """A capability; its value is the subject of "... is not supported"."""

    ACCESS = 'Managing access'
    AGENT_UPDATE = 'Updating the guest agent by a message'
    BACKUP = 'A backup'
    CLUSTER = 'A cluster'
    CONFIGURATION = 'Changing the configuration'
    DATABASES = 'Managing databases'
    LOGS = 'Publishing logs'
    LOG_ARCHIVE = 'Archiving the log of changes'
    REBUILD = 'Rebuilding an instance'
    REPLICATION = 'Replication'
    ROOT = 'The root user'
    ROOT_PASSWORD = 'Reading the password of the root user'
    SNAPSHOT = 'A snapshot of the volume'
    TLS = 'Changing how connections are encrypted'
    UPGRADE = 'Changing the datastore version'
    USERS = 'Managing users'
    VERIFICATION = 'Verifying a backup'
    VOLUME = 'Changing the volume'
    VOLUME_SIZE = 'Reading the size of the volume'


def of(capability: Capability) -> Callable[[_F], _F]:
    """Declare a method of drivers with a capability.

    Other drivers inherit one that raises ``NotSupported``. The body of the
    decorated function is never executed.
    """

    def declare(function: _F) -> _F:
        @functools.wraps(function)
        def refuse(*args: Any, **kwargs: Any) -> None:
            raise exception.NotSupported(what=capability)

        refuse.capability = capability  # type: ignore[attr-defined]
        return cast(_F, refuse)

    return declare


def methods(driver: type) -> dict[str, Capability]:
    """Return the declared methods of a base class of drivers, by name."""
    return {
        name: member.capability
        for each in reversed(driver.__mro__)
        for name, member in vars(each).items()
        if hasattr(member, 'capability')
    }


def half_declared(driver: type, parent: type) -> Iterator[str]:
    """Yield the edits that make capabilities and methods of a driver match.

    :param driver: has ``capabilities``
    :param parent: the class that declares the methods
    """
    capabilities: frozenset[Capability] = getattr(
        driver, 'capabilities', frozenset()
    )
    where = f'{driver.__qualname__} in {_file(driver)}'
    declared = methods(parent)
    for each in sorted(capabilities - set(declared.values())):
        yield (
            f'{where} names Capability.{each.name}, for which '
            f'{_file(parent)} declares no method: declare one with '
            f'@capability.of(Capability.{each.name})'
        )
    for name, each in declared.items():
        written = getattr(driver, name) is not getattr(parent, name)
        if each in capabilities and not written:
            yield (
                f'{where} names Capability.{each.name} but has no method '
                f'{name}: add the method'
            )
        if written and each not in capabilities:
            yield (
                f'{where} has the method {name}: add Capability.{each.name} '
                'to its capabilities'
            )


def _file(cls: type) -> str:
    return f'{cls.__module__.replace(".", "/")}.py'
