# SPDX-License-Identifier: Apache-2.0
"""Reads the body of a request and holds it against its schema."""

from __future__ import annotations

from collections.abc import Iterator
import json
import math
from typing import Any

import falcon
import jsonschema
from jsonschema import exceptions as schema_exceptions
from jsonschema import protocols
import webob.exc

from trove.common import exception
from trove.common import names
from trove.common import text as texts

#: A value in an error is cut after so many characters.
_SHOWN = 60

Schema = dict[str, Any]


def read_json(request: falcon.Request, limit: int) -> Any:
    """Return the decoded body, None when there is none.

    :param limit: how many bytes it may have
    :raises BadMediaType: it is not said to be JSON
    :raises BodyTooLarge: it is larger than ``limit``
    :raises BadRequest: it is not JSON, or holds what no text may hold
    """
    raw = _read(request, limit)
    if not raw:
        return None
    _check_media_type(request.content_type)
    try:
        text = raw.decode('utf-8')
    except UnicodeDecodeError as error:
        raise exception.BadRequest(
            f'The body is not valid UTF-8 (byte {error.start}).'
        ) from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
        )
    except RecursionError:
        raise exception.BadRequest(
            'The body is not valid: it is nested too deeply.'
        ) from None
    except ValueError as error:
        raise exception.BadRequest(
            f'The body is not valid JSON: {error}.'
        ) from None
    if '\\u' in text or '\x00' in text:
        _check_texts(value)
    return value


def require_none(request: falcon.Request, limit: int) -> None:
    """Return when there is no body, or an empty object.

    Clients that make a body of whatever they have to say send that.

    :raises BadRequest: there is another one, which nothing would read; and
        what else :func:`read_json` raises
    """
    if read_json(request, limit) not in (None, {}):
        raise exception.BadRequest(
            f'This {request.method} has no body; omit it, or send an empty '
            'object.'
        )


def _read(request: falcon.Request, limit: int) -> bytes:
    try:
        if request.content_length is None:
            # No length: either there is no body, or it comes in chunks,
            # whose end the server marks.
            if 'chunked' not in request.get_header(
                'Transfer-Encoding', default=''
            ):
                return b''
            raw = request.stream.read(limit + 1)
        elif request.content_length > limit:
            raise exception.BodyTooLarge(limit=limit)
        else:
            raw = request.bounded_stream.read()
    except webob.exc.HTTPRequestEntityTooLarge:
        raise exception.BodyTooLarge(limit=limit) from None
    except ValueError:
        raise exception.BadRequest(
            'The body could not be read completely.'
        ) from None
    if len(raw) > limit:
        raise exception.BodyTooLarge(limit=limit)
    return bytes(raw)


def _check_media_type(content_type: str | None) -> None:
    if not content_type:
        return
    media_type, _, rest = content_type.partition(';')
    if media_type.strip().lower() != 'application/json':
        raise exception.BadMediaType(media_type=media_type.strip()[:_SHOWN])
    charset = rest.lower().replace(' ', '').partition('charset=')[2]
    if charset.strip('"') not in ('', 'utf-8', 'utf8', 'us-ascii'):
        raise exception.BadMediaType(media_type=content_type[:_SHOWN])


def _refuse_constant(name: str) -> Any:
    raise ValueError(f'{name} is not a JSON value')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; of two values one would be passed over."""
    found = dict(pairs)
    if len(found) < len(pairs):
        # As many steps as keys: whoever sends them chooses how many.
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f'it has the key {names.show(key)} twice')
            seen.add(key)
    return found


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f'the number {names.show(text)} is too large')
    return number


def _check_texts(value: Any) -> None:
    for text in _texts(value):
        if '\x00' in text:
            raise exception.BadRequest(
                'The body has a string with the character U+0000, which '
                'neither names nor values may contain. Remove it.'
            )
        if any('\ud800' <= letter <= '\udfff' for letter in text):
            raise exception.BadRequest(
                'The body has a string with half of a surrogate pair, which '
                'is not a character. Remove it.'
            )


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            yield from item
            pending.extend(item.values())


class Body:
    """The schema of a request body.

    :param schema: JSON schema, draft 2020-12. The ``description`` of a
        subschema ends the sentence "it must be …" of its error.
    :param optional: whether the request may come without a body
    """

    def __init__(self, schema: Schema, optional: bool = False) -> None:
        jsonschema.Draft202012Validator.check_schema(schema)
        self.schema = schema
        self._validator: protocols.Validator = jsonschema.Draft202012Validator(
            schema
        )
        self.optional = optional
        #: Of the object, as the schema names them.
        self.keys = tuple(schema.get('properties', ()))

    def read(self, request: falcon.Request, limit: int) -> Any:
        """Return the decoded body; None when there is none and none need be.

        :raises BadRequest: and what else :func:`read_json` raises
        """
        value = read_json(request, limit)
        if value is not None:
            validate(self._validator, value)
        elif not self.optional:
            raise exception.BadRequest(
                'The request needs a JSON body that is not null.'
            )
        return value


def validate(validator: protocols.Validator, value: Any) -> None:
    """Return when a body holds what its schema asks for.

    :raises BadRequest: naming the field, its value unless it is a secret,
        and what it must be
    """
    try:
        error = schema_exceptions.best_match(validator.iter_errors(value))
    except RecursionError:
        raise exception.BadRequest(
            'The body is not valid: it is nested too deeply.'
        ) from None
    if error is not None:
        raise exception.BadRequest(_describe(error))


def _describe(error: schema_exceptions.ValidationError) -> str:
    field = _field(error)
    if error.validator == 'required':
        missing = [n for n in error.validator_value if n not in error.instance]
        names = ', '.join(f'"{name}"' for name in missing)
        return f'{field} has no {names}, which is required.'
    if error.validator == 'additionalProperties':
        known = error.schema.get('properties', {})
        unknown = sorted(n for n in error.instance if n not in known)[0]
        return (
            f'{field} has the unknown key "{unknown[:_SHOWN]}"; known keys: '
            f'{", ".join(sorted(known))}.'
        )
    wanted = error.schema.get('description') or _expected(error)
    return f'{field} is {_shown(error)}; it must be {wanted}.'


def _field(error: schema_exceptions.ValidationError) -> str:
    path = ''
    for step in error.absolute_path:
        if isinstance(step, int):
            path += f'[{step}]'
        else:
            path += ('.' if path else '') + str(step)[:_SHOWN]
    return path or 'The body'


def _shown(error: schema_exceptions.ValidationError) -> str:
    """Name a value without telling a secret, whole objects included."""
    value = error.instance
    if isinstance(value, dict):
        return 'an object' if value else 'an empty object'
    if isinstance(value, list):
        return f'a list of {len(value)}'
    if any('password' in str(step) for step in error.absolute_path):
        return 'not valid'
    text = json.dumps(value, ensure_ascii=False)
    return texts.start(text, _SHOWN)


def _expected(error: schema_exceptions.ValidationError) -> str:
    if error.validator == 'type':
        kinds = error.validator_value
        return ' or '.join([kinds] if isinstance(kinds, str) else kinds)
    if error.validator == 'enum':
        return 'one of ' + ', '.join(str(v) for v in error.validator_value)
    return f'as the schema says: {error.validator} {error.validator_value}'
