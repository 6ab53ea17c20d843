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
from typing import Any

from trove.common import exception
from trove.common import names
from trove.common import text as texts
from trove.common.datastores import measures

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


_BOOLEANS = {'true': True, 'false': False}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter, as the rules of a datastore version have it.

    :ivar type: a key of :data:`TYPES`
    :ivar minimum: of a number; None for none, like ``maximum``
    :ivar unit: of a number that is given without one, see :mod:`.measures`;
        None when it can have none
    :ivar choices: all that its value can be, in any case of the letters;
        empty when that is not known
    """

    name: str
    type: str
    restart_required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    choices: tuple[str, ...] = ()

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
        if self.choices and self.type == 'string':
            return f'one of {", ".join(self.choices)}'
        text = TYPES[self.type][1]
        if self.is_number:
            text += self._range
        if self.unit is None or self.type == 'boolean':
            return text
        if self.type == 'string':
            text = f'a string with an integer{self._range}'
        listed = measures.units(self.unit)
        return (
            f'{text}, in units of {self.unit}, or a string with one of the '
            f'units {", ".join(listed[:-1])} or {listed[-1]}, such as '
            f'"{measures.example(self.unit)}"'
        )

    @property
    def _range(self) -> str:
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return f' from {low} to {high}'
        if low is not None:
            return f' of at least {low}'
        return '' if high is None else f' of at most {high}'

    def meant(self, value: Any) -> Any:
        """Return a value as it is meant: trove-dashboard quotes booleans."""
        if self.type == 'boolean' and isinstance(value, str):
            return _BOOLEANS.get(value.lower(), value)
        return value

    def fits(self, value: object) -> bool:
        """Return whether a value is of the type and within the range."""
        if self.type == 'boolean' or isinstance(value, bool):
            return self.type == 'boolean' and isinstance(value, bool)
        if isinstance(value, str) and self.unit is not None:
            return self._is_measure(value)
        if not isinstance(value, TYPES[self.type][0]):
            return False
        return isinstance(value, str) or (
            isinstance(value, int | float) and self._is_within(value)
        )

    def _is_measure(self, text: str) -> bool:
        """Return whether it is an amount of the unit, within the range."""
        if len(text) > LONGEST:
            return False
        found = measures.convert(text, str(self.unit))
        if found is None:
            return False
        # The server rounds.
        return self._is_within(found if self.type == 'float' else round(found))

    def _is_within(self, number: float) -> bool:
        return (
            (isinstance(number, int) or math.isfinite(number))
            and (self.minimum is None or number >= self.minimum)
            and (self.maximum is None or number <= self.maximum)
        )

    def read(self, stored: str | None) -> Any:
        """Return the value that a column has, as :func:`store` wrote it."""
        text = stored or ''
        try:
            if self.type == 'boolean':
                return text.lower() in ('1', 'true')
            # A server may read another form otherwise, such as 0100.
            if self.type == 'integer' and str(int(text)) == text:
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
    :ivar units: unit of a parameter by its name, in lower case, as are those
        of ``choices``
    :ivar choices: what the value of a parameter is one of
    :ivar limits: of integers whose rules have none
    :ivar restores: whether a reload brings parameters back to their defaults
        that are no longer set
    """

    title: str = 'this datastore'
    denied: tuple[str, ...] = ()
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    limits: tuple[int | None, int | None] = (None, None)
    restores: bool = False

    def is_denied(self, name: str) -> bool:
        """Return whether a parameter is Trove's own business."""
        return any(
            fnmatch.fnmatchcase(name.lower(), pattern)
            for pattern in self.denied
        )

    def complete(self, parameter: Parameter) -> Parameter:
        """Return a parameter with what its stored rule does not tell."""
        name = parameter.name.lower()
        unit = self.units.get(name)
        low, high = parameter.minimum, parameter.maximum
        if parameter.type == 'integer' or (unit and not parameter.is_number):
            low = self.limits[0] if low is None else low
            high = self.limits[1] if high is None else high
        return dataclasses.replace(
            parameter,
            minimum=low,
            maximum=high,
            unit=unit,
            choices=self.choices.get(name, ()),
        )

    def is_choice(self, choices: Collection[str], value: object) -> bool:
        """Return whether a server takes a value as one of its choices."""
        return isinstance(value, str) and value.lower() in {
            each.lower() for each in choices
        }

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
            value = parameter.meant(value)
            self._check_value(parameter, value)
            checked[parameter.name] = value
        return checked

    def _check_value(self, parameter: Parameter, value: Any) -> None:
        rule = self.complete(parameter)
        if rule.choices and rule.type == 'string':
            fits = self.is_choice(rule.choices, value)
        else:
            fits = rule.fits(value)
        if not fits:
            raise _wrong(rule, value, rule.wanted + self.hint(rule, value))
        text = store(value)
        if len(text) > LONGEST or not text.isprintable():
            raise _wrong(
                rule, value, f'a line of at most {LONGEST} characters'
            )

    def hint(self, rule: Parameter, value: object) -> str:
        """Return what else to do with a wrong value, if that is clear."""
        plain = rule.type != 'string' and rule.unit is None
        return ', without quotes' if plain and isinstance(value, str) else ''

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
            'Omit it; the others are listed by "openstack database '
            'configuration parameter list VERSION_ID" '
            '(GET /datastores/versions/{version}/parameters).'
        )


def _wrong(
    parameter: Parameter, value: Any, wanted: str
) -> exception.Unprocessable:
    shown = texts.start(json.dumps(value, ensure_ascii=False), _SHOWN)
    return exception.Unprocessable(
        f'Parameter {parameter.name} has the value {shown}; it must be '
        f'{wanted}.'
    )
