# SPDX-License-Identifier: Apache-2.0
"""The versions that messages go at, and those that are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import versions

Finding = findings.Finding


def is_sent_to(
    client: model.Contract, send: model.Send, speaks: tuple[int, int]
) -> bool:
    """Whether it is what a client that is capped at a version sends."""
    version = versions.parse(send.version)
    if version is not None and not versions.takes(speaks, version):
        return False
    if not send.caps:
        return True
    told = versions.all_of(
        text
        for other in client.sends
        if other.method == send.method
        for text in (*other.caps, *other.asked)
    )
    below = [cap for cap in told if versions.takes(speaks, cap)]
    return bool(below) and versions.text(max(below)) in send.caps


def too_low(client: model.Contract) -> Iterator[Finding]:
    """Find what only newer peers are sent, at a version of older ones."""
    for send in client.sends:
        version = versions.parse(send.version)
        if version is None or not send.asked:
            continue
        alike = [
            other
            for other in client.sends
            if (other.method, other.namespace) == (send.method, send.namespace)
            and (versions.parse(other.version) or version)[0] == version[0]
        ]

        needed = min(map(_lowest, alike))
        if needed > version:
            yield _low(client, send, '', needed)
            continue
        for name in send.arguments:
            needed = min(
                _lowest(other) for other in alike if name in other.arguments
            )
            if needed > version:
                yield _low(client, send, name, needed)


def _lowest(send: model.Send) -> tuple[int, int]:
    """Return the version of the oldest peer that is sent it."""
    caps = versions.all_of(send.caps)
    return min(caps) if caps else versions.parse(send.version) or (0, 0)


def _low(
    client: model.Contract,
    send: model.Send,
    name: str,
    needed: tuple[int, int],
) -> Finding:
    what = f'{name} of {send.method}' if name else send.method
    version = versions.text(needed)
    return Finding(
        'version-too-low',
        client.interface,
        f'{send.method}({name})' if name else send.method,
        send.where,
        f'{what} is for peers of {version} and later, but is sent at '
        f'{send.version}: an older one takes the message for one that it '
        'understands.',
        f'Send it at {version}.',
    )


def needless(
    client: model.Contract, served: Iterable[model.Contract]
) -> Iterator[Finding]:
    """Find questions that every peer answers with yes."""
    lowest = versions.parse(client.floor)
    if lowest is None:
        # The major versions that are served, or sent to older peers.
        spoken = versions.all_of(
            (
                *(each.version for each in served),
                *(send.version for send in client.sends),
            )
        )
        if not spoken:
            return
        lowest = min(spoken)[0], 0
    floor = versions.text(lowest)
    for send in client.sends:
        for text in send.asked:
            if (versions.parse(text) or (0, 0)) <= lowest:
                yield Finding(
                    'gate-below-floor',
                    client.interface,
                    send.method,
                    send.where,
                    f'{send.method} asks can_send_version({text!r}), and no '
                    f'peer speaks less than {floor}.',
                    'Drop the question, and what is done when the answer is '
                    'no.',
                )
