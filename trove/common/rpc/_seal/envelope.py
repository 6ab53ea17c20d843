# SPDX-License-Identifier: Apache-2.0
"""The sealed form of a message, as it looks on the wire."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import time
from typing import Any

from oslo_serialization import jsonutils

from trove.common import belief
from trove.common import crypto
from trove.common.rpc import _message
from trove.common.rpc._released import encryption

Form = belief.Form

#: Name of the only argument of a sealed message, and of the only value of a
#: sealed reply.
SEALED = 'sealed'

#: Arguments of a message that was not decrypted, for its record.
UNOPENED = 'unopened'

# json.dumps looks at each of its options first, at every call.
_compact = json.JSONEncoder(separators=(',', ':')).encode
_dumps = json.JSONEncoder(
    separators=(',', ':'), default=jsonutils.to_primitive
).encode

#: Of the sealed form. Another one would have another number.
_FORMAT = 1

_ID = frozenset('0123456789abcdef')

#: As :meth:`Binding.seal` writes it: read in a third of the time.
_AS_WRITTEN = re.compile(
    rf'\{{"v":{_FORMAT},"for":"([ !#-[\]-~]{{0,255}})",'
    r'"key":"([0-9a-f]{16})","sent":([1-9][0-9]{0,14}\.[0-9]{1,9}),'
    r'"id":"([0-9a-f]{32})","body":"(.*)"\}',
    # Then nothing has to look at each character of the body.
    re.DOTALL,
)


@dataclasses.dataclass(slots=True)
class Header:
    """The unencrypted header of a sealed text.

    :param instance: the guest at one end of it, empty when there is none
    :param key_id: names the key
    :param sent: seconds since the epoch
    :param id: 32 hexadecimal digits
    """

    instance: str
    key_id: str
    sent: float
    id: str
    body: str = dataclasses.field(repr=False)

    @classmethod
    def read(cls, text: object) -> Header:
        """Read a sealed text.

        :raises Malformed: it is none
        """
        if isinstance(text, str) and (said := _AS_WRITTEN.fullmatch(text)):
            instance, key_id, sent, unique, body = said.groups()
            if '"' not in body and '\\' not in body:
                return cls(instance, key_id, float(sent), unique, body)
        return cls._read_json(text)

    @classmethod
    def _read_json(cls, text: object) -> Header:
        values = _message.load_object(text)
        if values.get('v') != _FORMAT:
            raise _message.Malformed(
                'its seal has an unknown format; the sender may be newer'
            )
        instance, key_id = values.get('for'), values.get('key')
        sent, unique, body = (values.get(k) for k in ('sent', 'id', 'body'))
        if not (
            _message.is_name(instance)
            and _message.is_name(key_id)
            and isinstance(sent, float)
            and math.isfinite(sent)
            and isinstance(unique, str)
            and len(unique) == 32
            and _ID.issuperset(unique)
            and isinstance(body, str)
        ):
            raise _message.Malformed('its seal has a malformed header')
        return cls(instance, key_id, sent, unique, body)


@dataclasses.dataclass(slots=True)
class Binding:
    """The binding of a sealed message and its reply.

    :param version: as on the wire
    :param instance: as in the header
    :param id: of the request; its reply bears it too
    """

    interface: str
    method: str
    version: str
    instance: str
    id: str
    key: str = dataclasses.field(repr=False)

    def seal(self, direction: str, content: object) -> str:
        """Return the sealed text.

        :param direction: ``request`` or ``reply``
        """
        # With few digits, for each of them then counts.
        sent = round(time.time(), 3)
        body = crypto.seal(
            _dumps(content),
            self.key,
            self._purpose(direction),
            self._associated(direction, sent),
        )
        # JSON: none but the name of the instance could need an escape.
        return (
            f'{{"v":{_FORMAT},"for":{_compact(self.instance)},'
            f'"key":"{crypto.key_id(self.key)}","sent":{sent!r},'
            f'"id":"{self.id}","body":"{body}"}}'
        )

    def unseal(self, direction: str, header: Header) -> dict[str, Any]:
        """Return the content.

        :raises trove.common.crypto.DecryptionError: it does not belong here
        :raises Malformed: it belongs here, but is nothing to be read
        """
        named = header.instance, header.id, header.key_id
        if named != (self.instance, self.id, crypto.key_id(self.key)):
            raise crypto.DecryptionError
        return _message.load_object(
            crypto.unseal(
                header.body,
                self.key,
                self._purpose(direction),
                self._associated(direction, header.sent),
            )
        )

    def _purpose(self, direction: str) -> str:
        return f'rpc {self.interface} {direction}'

    def _associated(self, direction: str, sent: float) -> bytes:
        # None of these has a line break in it where it is sealed, so they
        # read in one way only.
        return (
            f'{_FORMAT}\n{direction}\n{self.interface}\n{self.method}\n'
            f'{self.version}\n{self.instance}\n{crypto.key_id(self.key)}\n'
            f'{sent!r}\n{self.id}'
        ).encode()


def unopened(
    arguments: dict[str, Any], context: dict[str, Any]
) -> dict[str, Any]:
    """Return what is to be kept of a message, to open it later.

    A sealed one says all in its argument; one of the released form has
    something in its context without which it does not open.
    """
    if encryption.CONTEXT not in context:
        return arguments
    return {UNOPENED: {'arguments': arguments, 'context': context}}


def kept(
    arguments: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return what :func:`unopened` was given; None if it is nothing such.

    :raises Malformed: somebody has made it up
    """
    if arguments.keys() == {SEALED}:
        return arguments, {}
    if arguments.keys() != {UNOPENED}:
        return None
    whole = arguments[UNOPENED]
    if isinstance(whole, dict):
        said, who = whole.get('arguments'), whole.get('context')
        if isinstance(said, dict) and isinstance(who, dict):
            return said, who
    raise _message.Malformed('unknown form of a message')
