# SPDX-License-Identifier: Apache-2.0
"""The flavors of the local cloud, from the options."""

from __future__ import annotations

from collections.abc import Sequence

from trove.cloud import base
from trove.common import exception
from trove.common import names

#: PostgreSQL does not start with less.
MINIMUM_RAM = 64


def parse(values: Sequence[str]) -> list[base.Flavor]:
    """Return flavors given as ``ID:NAME:RAM:VCPUS:DISK``, by size.

    :raises ConfigurationError: one is malformed, or an id is given twice
    """
    flavors: dict[str, base.Flavor] = {}
    for value in values:
        flavor = _parse_one(value)
        if flavor.id in flavors:
            raise _error(value, f'the ID {flavor.id} occurs twice')
        flavors[flavor.id] = flavor
    return sorted(flavors.values(), key=lambda f: (f.ram, f.vcpus, f.disk))


def _parse_one(value: str) -> base.Flavor:
    words = value.split(':')
    if len(words) != 5 or not words[0] or not words[1]:
        raise _error(value, 'five fields are required')
    try:
        ram, vcpus, disk = (int(word) for word in words[2:])
    except ValueError:
        raise _error(value, 'RAM, VCPUS and DISK must be numbers') from None
    if ram < MINIMUM_RAM or vcpus < 1 or disk < 0:
        raise _error(
            value,
            f'RAM must be at least {MINIMUM_RAM}, VCPUS at least 1, DISK at '
            'least 0',
        )
    try:
        names.check('flavor', words[0])
    except exception.BadRequest as error:
        raise _error(value, str(error)) from None
    return base.Flavor(words[0], words[1], ram, vcpus, disk)


def _error(value: str, problem: str) -> exception.ConfigurationError:
    return exception.ConfigurationError(
        option='[cloud_local] flavor',
        value=value,
        remedy=f'{problem}. Use ID:NAME:RAM:VCPUS:DISK, for example '
        '1:db.tiny:512:1:0.',
    )
