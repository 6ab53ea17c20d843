# SPDX-License-Identifier: Apache-2.0
"""The parameters of a datastore version: the rules of its groups."""

from __future__ import annotations

from collections.abc import Iterable
import json
from typing import Any

from oslo_utils import uuidutils
import sqlalchemy as sa

from trove.common import exception
from trove.common import names
from trove.common.datastores import settings
from trove.db import models
from trove.db import session
from trove.db import statements

Parameter = settings.Parameter

_TABLE = models.DatastoreConfigurationParameter

#: Of the object in a file of released Trove.
_KEY = 'configuration-parameters'


def list_(version_id: str) -> list[Parameter]:
    """Return the parameters of a datastore version by name."""
    query = sa.select(_TABLE).where(_TABLE.datastore_version_id == version_id)
    with session.reader() as db:
        found = [_parameter(row) for row in db.scalars(query)]
    return sorted(found, key=lambda each: each.name)


def get(version_id: str, name: str) -> Parameter:
    """Return a parameter, whatever the case of its letters.

    :raises NotFound: the version has no such one
    """
    for each in list_(version_id):
        if each.name.lower() == name.lower():
            return each
    raise exception.NotFound(
        f'Parameter {names.show(name)} could not be found in datastore '
        f'version {version_id}.'
    )


@session.retry(duplicates=True)
def save(
    version_id: str, parameters: Iterable[Parameter], *, only: bool = False
) -> int:
    """Write parameters down, in place of those of the same names.

    :param only: whether the version loses all others
    :returns: how many there were
    """
    rows = {
        each.name: {
            'id': uuidutils.generate_uuid(),
            'datastore_version_id': version_id,
            **_columns(each),
        }
        for each in parameters
    }
    with session.writer() as db:
        if only:
            statements.execute(
                db,
                sa.delete(_TABLE).where(
                    _TABLE.datastore_version_id == version_id,
                    _TABLE.name.not_in(rows),
                ),
            )
        statements.put(
            db,
            _TABLE,
            ('datastore_version_id', 'name'),
            list(rows.values()),
            ('restart_required', 'max_size', 'min_size', 'data_type'),
        )
    return len(rows)


@session.retry
def create(version_id: str, parameter: Parameter) -> None:
    """Add a parameter.

    :raises BadRequest: it is there already
    """
    with session.writer() as db:
        if not statements.put_new(
            db,
            _TABLE,
            ('datastore_version_id', 'name'),
            {
                'id': uuidutils.generate_uuid(),
                'datastore_version_id': version_id,
                **_columns(parameter),
            },
        ):
            raise exception.BadRequest(
                f'Parameter {names.show(parameter.name)} exists already in '
                f'datastore version {version_id}; change it with PUT.'
            )


@session.retry
def update(version_id: str, parameter: Parameter) -> None:
    """Change a parameter.

    :raises NotFound: the version has no such one
    """
    with session.writer() as db:
        found = get(version_id, parameter.name)
        statements.execute(
            db,
            sa.update(_TABLE)
            .where(
                _TABLE.datastore_version_id == version_id,
                _TABLE.name == found.name,
            )
            .values(**_columns(parameter) | {'name': found.name}),
        )


@session.retry
def delete(version_id: str, name: str) -> None:
    """Remove a parameter; groups that have it must lose it next.

    :raises NotFound: the version has no such one
    """
    with session.writer() as db:
        found = get(version_id, name)
        statements.execute(
            db,
            sa.delete(_TABLE).where(
                _TABLE.datastore_version_id == version_id,
                _TABLE.name == found.name,
            ),
        )


def read_file(text: str) -> list[Parameter]:
    """Return the parameters of a file in the form of released Trove.

    :raises BadRequest: it is not of that form
    """
    try:
        rules = json.loads(text)[_KEY]
        return [_from_file(rule) for rule in rules]
    except (KeyError, TypeError, ValueError) as error:
        raise exception.BadRequest(
            f'The file is not a JSON object with a list "{_KEY}" of objects '
            'with "name", "type", "restart_required" and, for numbers, "min" '
            f'and "max" ({type(error).__name__}: {error}).'
        ) from None


def _from_file(rule: dict[str, Any]) -> Parameter:
    return Parameter(
        str(rule['name']),
        rule['type'],
        bool(rule.get('restart_required')),
        number(rule.get('min')),
        number(rule.get('max')),
    )


def number(value: Any) -> float | None:
    """Return a limit as a number, None for none.

    :raises ValueError: it is neither a number nor written as one
    """
    if value is None or value == '':
        return None
    text = str(value)
    return int(text) if text.lstrip('-').isdigit() else float(text)


def _columns(parameter: Parameter) -> dict[str, Any]:
    low, high = parameter.minimum, parameter.maximum
    return {
        'name': parameter.name,
        'restart_required': parameter.restart_required,
        'max_size': None if high is None else str(high),
        'min_size': None if low is None else str(low),
        'data_type': parameter.type,
    }


def _parameter(row: models.DatastoreConfigurationParameter) -> Parameter:
    return Parameter(
        row.name,
        # Of a type that nobody knows, only a text can be said.
        row.data_type if row.data_type in settings.TYPES else 'string',
        bool(row.restart_required),
        _limit(row.min_size),
        _limit(row.max_size),
    )


def _limit(stored: str | None) -> float | None:
    try:
        return number(stored)
    except ValueError:
        return None
