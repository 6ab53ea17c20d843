# SPDX-License-Identifier: Apache-2.0
"""Parameters of a database server, and which values they take."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import fnmatch
import json
import math
import re
from typing import Any

from trove.common import exception
from trove.common import names

#: By the type of a parameter: Python's of its values, and what they are.
TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    'boolean': ((bool,), 'true or false'),
    'float': ((int, float), 'a number'),
    'integer': ((int,), 'an integer'),
    'string': ((str,), 'a string'),
}

#: What a column takes of a value, in characters.
LONGEST = 128

_SHOWN = 60


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter, as the rules of a datastore version have it.

    :ivar type: a key of :data:`TYPES`
    :ivar minimum: of a number; None for none, like ``maximum``
    """

    name: str
    type: str
    restart_required: bool = False
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise exception.BadRequest(
                f'Parameter {names.show(self.name)} has the type '
                f'{names.show(str(self.type))}; use one of '
                f'{", ".join(sorted(TYPES))}.'
            )
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and low > high:
            raise exception.BadRequest(
                f'Parameter {names.show(self.name)} has the minimum {low}, '
                f'which is above its maximum {high}. Exchange them.'
            )

    @property
    def is_number(self) -> bool:
        return self.type in ('float', 'integer')

    @property
    def wanted(self) -> str:
        """What its values must be, to complete "it must be"."""
        text = TYPES[self.type][1]
        if not self.is_number:
            return text
        if self.minimum is not None and self.maximum is not None:
            return f'{text} from {self.minimum} to {self.maximum}'
        if self.minimum is not None:
            return f'{text} of at least {self.minimum}'
        if self.maximum is not None:
            return f'{text} of at most {self.maximum}'
        return text

    def fits(self, value: object) -> bool:
        """Return whether a value is of the type and within the range."""
        if self.type == 'boolean':
            return isinstance(value, bool)
        if isinstance(value, bool) or not isinstance(
            value, TYPES[self.type][0]
        ):
            return False
        return isinstance(value, str) or (
            isinstance(value, int | float)
            and math.isfinite(value)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
        )

    def read(self, stored: str | None) -> Any:
        """Return the value that a column has, as :func:`store` wrote it."""
        text = stored or ''
        try:
            if self.type == 'boolean':
                return text.lower() in ('1', 'true')
            if self.type == 'integer':
                return int(text)
            if self.type == 'float':
                return float(text)
        except ValueError:
            pass
        return text


def store(value: Any) -> str:
    """Return a value as a column has it, in the form of release 26.0."""
    return str(int(value)) if isinstance(value, bool) else str(value)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What configuration groups need to know of a datastore.

    :ivar title: its name in errors
    :ivar denied: patterns of names, in lower case, that no group may have
    :ivar measure: what a number may be given as too, such as ``64MB``; the
        server itself checks these
    :ivar restores: whether a reload brings parameters back to their defaults
        that are no longer set
    """

    title: str = 'this datastore'
    denied: tuple[str, ...] = ()
    measure: re.Pattern[str] | None = None
    restores: bool = False

    def is_denied(self, name: str) -> bool:
        """Return whether a parameter is Trove's own business."""
        return any(
            fnmatch.fnmatchcase(name.lower(), pattern)
            for pattern in self.denied
        )

    def read_catalogue(self, text: str) -> list[Parameter]:
        """Return the parameters that the server itself lists.

        :raises NotSupported: nobody knows how this datastore lists them
        :raises BadRequest: the text is no such list
        """
        raise exception.NotSupported(
            f'No catalogue of {self.title} can be read. Load a file of rules '
            'with "trove-manage db_load_datastore_config_parameters".'
        )

    def template(self, memory_mb: int, volume_bytes: int) -> dict[str, Any]:
        """Return what instances are configured with, without any group."""
        return {}

    def check(
        self, parameters: Iterable[Parameter], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return values by the names that the rules have.

        :raises Unprocessable: a parameter is unknown or given twice, or its
            value is not one that it takes
        """
        known = {each.name.lower(): each for each in parameters}
        checked: dict[str, Any] = {}
        for name, value in values.items():
            parameter = known.get(name.lower())
            if parameter is None or self.is_denied(name):
                raise self._unknown(name, known)
            if parameter.name in checked:
                raise exception.Unprocessable(
                    f'Parameter {names.show(name)} is given twice, with '
                    'letters of another case. Give it once.'
                )
            self._check_value(parameter, value)
            checked[parameter.name] = value
        return checked

    def _check_value(self, parameter: Parameter, value: Any) -> None:
        measures = self.measure is not None and parameter.is_number
        if not parameter.fits(value) and not (
            measures and self._is_measure(value)
        ):
            raise _wrong(
                parameter,
                value,
                parameter.wanted
                + (', or a string such as "64MB" or "5s"' if measures else ''),
            )
        text = store(value)
        if len(text) > LONGEST or not text.isprintable():
            raise _wrong(
                parameter,
                value,
                f'a line of at most {LONGEST} characters',
            )

    def _is_measure(self, value: Any) -> bool:
        return (
            self.measure is not None
            and isinstance(value, str)
            and self.measure.fullmatch(value) is not None
        )

    def _unknown(
        self, name: str, known: Collection[str]
    ) -> exception.Unprocessable:
        if not known:
            return exception.Unprocessable(
                f'Parameter {names.show(name)} cannot be set: this datastore '
                'version has no rules for parameters. Ask an administrator '
                'to load them with trove-manage.'
            )
        why = 'is reserved for Trove' if self.is_denied(name) else 'is unknown'
        return exception.Unprocessable(
            f'Parameter {names.show(name)} {why} in this datastore version. '
            'Omit it; the others are listed by GET '
            '/datastores/versions/{version}/parameters.'
        )


def _wrong(
    parameter: Parameter, value: Any, wanted: str
) -> exception.Unprocessable:
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + '…'
    return exception.Unprocessable(
        f'Parameter {parameter.name} has the value {shown}; it must be '
        f'{wanted}.'
    )
