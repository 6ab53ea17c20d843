# SPDX-License-Identifier: Apache-2.0
"""From where a database is reached, and what a cloud would not apply."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

_EVERYBODY = '0.0.0.0/0'


@dataclasses.dataclass(frozen=True)
class Access:
    """From where the database is reached.

    :param is_public: whether it has an address outside of its network
    :param allowed_cidrs: networks of its clients, None: those that the
        operator has chosen
    """

    is_public: bool = False
    allowed_cidrs: Sequence[str] | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> Access:
        """Return the access that a request or a row has."""
        known = given or {}
        return cls(bool(known.get('is_public')), known.get('allowed_cidrs'))


def unmet(
    access: Mapping[str, Any] | None, ignores: frozenset[str]
) -> list[str]:
    """Return the keys that a cloud would not apply.

    A cloud that ignores networks restricts nobody. That is what a network of
    all addresses asks for, which Horizon always sends.

    :param ignores: the keys that the cloud ignores
    """
    known = access or {}
    return [
        key
        for key in sorted(ignores)
        if known.get(key)
        and not (key == 'allowed_cidrs' and _EVERYBODY in known[key])
    ]
