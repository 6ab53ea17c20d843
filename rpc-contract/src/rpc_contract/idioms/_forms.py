# SPDX-License-Identifier: Apache-2.0
"""The forms of a message: what is sent under which caps."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from rpc_contract import model
from rpc_contract import versions
from rpc_contract.idioms import _calls
from rpc_contract.idioms import _values

Version = _values.Version


@dataclasses.dataclass(frozen=True)
class Form:
    """A message in one form: sends that differ in their way only."""

    method: str
    version: Version | None
    kind: model.Kind
    namespace: str | None
    where: model.Location
    caps: frozenset[Version]


def send(form: Form, messages: Sequence[_calls.Message]) -> model.Send:
    """Put together what is sent in one form, on several ways."""
    names = {
        name: None for message in messages for name in message.fields.entries
    }
    arguments: dict[str, model.Presence] = {}
    changed: dict[str, str] = {}
    for name in names:
        entries = [m.fields.entries.get(name) for m in messages]
        sure = all(each and each[1] == 'always' for each in entries)
        arguments[name] = 'always' if sure else 'maybe'
        for message, entry in zip(messages, entries, strict=True):
            what = entry and _values.kind(entry[0], message.state)
            if what:
                changed[name] = what
    asked = {each for m in messages for each, _answer in m.state.asked}
    yes = all(
        any(answer for _version, answer in m.state.asked) for m in messages
    )
    return model.Send(
        method=form.method,
        version=versions.text(form.version) if form.version else None,
        arguments=arguments,
        kind=form.kind,
        gate=versions.text(min(form.caps)) if yes else None,
        asked=tuple(map(versions.text, sorted(asked))),
        caps=tuple(map(versions.text, sorted(form.caps))),
        changed=changed,
        any_fields=any(message.fields.open for message in messages),
        namespace=form.namespace,
        where=form.where,
        unread=tuple(dict.fromkeys(_unread(messages))),
    )


def united(
    sends: Iterable[model.Send], caps: frozenset[Version]
) -> Iterator[model.Send]:
    """Put together what is sent alike under several caps.

    :param caps: all that the client may tell apart
    """
    alike: dict[object, model.Send] = {}
    for send in sends:
        key = (
            send.method,
            send.version,
            tuple(sorted(send.arguments.items())),
            send.kind,
            send.where,
            send.namespace,
            send.any_fields,
        )
        before = alike.get(key)
        if before is not None:
            both = {*versions.all_of(before.caps + send.caps)}
            gated = before.gate and send.gate
            send = dataclasses.replace(
                before,
                gate=versions.text(min(both)) if gated else None,
                asked=tuple(dict.fromkeys((*before.asked, *send.asked))),
                caps=tuple(map(versions.text, sorted(both))),
                changed={**before.changed, **send.changed},
                unread=tuple(dict.fromkeys((*before.unread, *send.unread))),
            )
        alike[key] = send
    for send in alike.values():
        version = versions.parse(send.version)
        every = carrying(version, caps)
        if {*versions.all_of(send.caps)} >= every:
            send = dataclasses.replace(send, caps=())
        yield send


def carrying(
    version: Version | None, caps: frozenset[Version]
) -> frozenset[Version]:
    """Return the caps under which a message of a version may go."""
    if version is None:
        return caps
    return frozenset(cap for cap in caps if versions.takes(cap, version))


def source_of(value: _values.Value) -> str:
    match value:
        case _values.Unknown(text) | _values.Name(text):
            return text
    return 'it is computed'


def _unread(messages: Iterable[_calls.Message]) -> Iterator[str]:
    for message in messages:
        version = message.sender.client.version
        if not isinstance(version, _values.Known):
            yield f'the version: {source_of(version)}'
        for text in message.unread:
            yield f'the arguments in {text}'
