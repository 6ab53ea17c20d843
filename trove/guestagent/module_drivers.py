# SPDX-License-Identifier: Apache-2.0
"""What is done with modules: a driver for each type.

To add a type, write a driver and name it in :data:`DRIVERS`.
"""

from __future__ import annotations

import abc

from trove.common import exception


class Driver(abc.ABC):
    """Knows what to do with the contents of modules of one type."""

    @abc.abstractmethod
    def apply(self, contents: bytes) -> str:
        """Apply a module; again when it was applied already.

        :returns: a message for who asked
        :raises trove.common.exception.TroveError: it cannot be applied, and
            why
        """

    @abc.abstractmethod
    def remove(self, contents: bytes) -> None:
        """Take back what :meth:`apply` did."""


class Ping(Driver):
    """Answers with what its contents say; changes nothing.

    The contents are lines ``key=value``, one of them ``message=...``.
    """

    def apply(self, contents: bytes) -> str:
        for line in contents.decode('utf-8', 'replace').splitlines():
            key, sign, value = line.partition('=')
            if sign and key.strip().lower() == 'message':
                return value.strip()
        raise exception.BadRequest(
            'The contents have no line "message=..."; add one.'
        )

    def remove(self, contents: bytes) -> None:
        return


DRIVERS: dict[str, Driver] = {'ping': Ping()}
