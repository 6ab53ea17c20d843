# SPDX-License-Identifier: Apache-2.0
"""Drivers that other packages provide, by the entry points that they have."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from stevedore import driver as stevedore
from stevedore import exception as stevedore_exception

from trove.common import exception


def names(namespace: str) -> set[str]:
    """Return the names of the drivers that installed packages have."""
    return {each.name for each in metadata.entry_points(group=namespace)}


def find(
    namespace: str, name: str, *, option: str, parent: type, missing: str
) -> Any:
    """Return the class that an entry point names.

    :param option: the one that gives the name, for instance
        ``[cloud] driver``
    :param parent: the abstract class of such drivers
    :param missing: what to do where no package has it
    :raises ConfigurationError: there is none, or it cannot be used
    """

    def wrong(remedy: str) -> exception.ConfigurationError:
        return exception.ConfigurationError(
            option=option, value=name, remedy=remedy
        )

    try:
        found: Any = stevedore.DriverManager(namespace, name).driver
    except stevedore_exception.NoMatches:
        raise wrong(missing) from None
    except Exception as error:
        # Whatever the module of another package raises when it is imported.
        raise wrong(
            f'an installed package provides it in {namespace}, but it cannot '
            f'be loaded ({type(error).__name__}: {error}). Repair or update '
            'that package, or remove it.'
        ) from error
    if not (isinstance(found, type) and issubclass(found, parent)):
        raise wrong(
            f'{found!r}, which an installed package provides in {namespace}, '
            f'is not a subclass of {parent.__module__}.{parent.__name__}. '
            'Update that package, or remove it.'
        )
    return found
