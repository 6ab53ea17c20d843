# SPDX-License-Identifier: Apache-2.0
"""Outcome of a message between two revisions, without sending it.

The client's half is what clients plan their messages with (``_plan.py``), the
endpoint's half what endpoints check them with (``_endpoint.py``), so there is
no second opinion here.
"""

from __future__ import annotations

from collections.abc import Collection
import dataclasses
import functools
from typing import Any
from typing import Literal

from trove.common.rpc import _contract
from trove.common.rpc import _endpoint
from trove.common.rpc import _interface
from trove.common.rpc import _plan

#: Stands for a value that is no default.
_ANYTHING: Any = object()


@dataclasses.dataclass(frozen=True)
class Fit:
    """The outcome of a message.

    :param outcome: ``same``: it is carried out as it was meant; ``left out``:
        it is, without arguments that change nothing there; ``refused``
    :param version: that the message bears; None where none is sent
    :param left_out: the arguments that are not sent
    :param by: who refuses it: the ``client``, which sends nothing and tells
        its caller at once, or the ``endpoint``, which gets it
    :param cause: for the endpoint's refusal: what of it does not fit
    :param what: is refused: the method, or the method and the argument
    :param needs: the nearest revision that takes it; None where none does
    :param reason: why it is refused, for people; the client's is the text of
        the error that its caller gets
    :param remedy: what an operator does about it
    """

    outcome: Literal['same', 'left out', 'refused']
    version: str | None = None
    left_out: tuple[str, ...] = ()
    by: Literal['client', 'endpoint'] | None = None
    cause: Literal['version', 'method', 'arguments'] | None = None
    what: str = ''
    needs: _contract.Revision | None = None
    reason: str = ''
    remedy: str = ''


def fit(
    interface: _interface.Interface,
    method: str,
    said: Collection[str],
    *,
    client: _contract.Revision,
    endpoint: _contract.Revision,
    believed: _contract.Revision | None = None,
    sealed: bool = False,
    peer: str | None = None,
) -> Fit:
    """Decide what becomes of a message of a client of this tree.

    :param method: one that the interface declares
    :param said: the arguments that have another value than their default;
        those without a default always have one
    :param client: the highest revision that the client may send
    :param endpoint: the revision of who gets the message
    :param believed: what the client takes the endpoint for; None: for what
        it is. A call that such an endpoint refuses is planned anew, for what
        the client learns then; a cast is not.
    :param sealed: messages are encrypted, where both know seals
    :param peer: the identifier of the endpoint, for the text of an error
    :raises KeyError: the interface declares no such method
    :raises TypeError: the method has no such argument
    """
    believed = endpoint if believed is None else believed
    cap = _plan.cap(min(client, believed), believed, known=True)
    declared = interface.methods[method]
    values = _values(declared, said)
    try:
        message = _plan.planner(interface, method, cap).make(values)
    except _plan.Unsendable as refused:
        pin = client if client < believed else None
        error = _plan.refusal(interface, peer, refused, pin)
        return Fit(
            'refused',
            None,
            (),
            'client',
            None,
            what=refused.what,
            needs=refused.needs,
            reason=str(error),
            remedy=getattr(error, 'remedy', ''),
        )
    version = message.version
    if sealed:
        version = interface.sealed_version(version, cap.limit) or version
    found = received(interface, method, version, message.arguments, endpoint)
    if found.outcome == 'refused' or not message.left_out:
        return dataclasses.replace(found, left_out=message.left_out)
    return Fit('left out', version, message.left_out)


def received(
    interface: _interface.Interface,
    method: str,
    version: str,
    arguments: Collection[str],
    endpoint: _contract.Revision,
) -> Fit:
    """Decide whether an endpoint takes a message, whoever has sent it.

    :param version: that the message bears
    :param arguments: the names of all that it has
    :param endpoint: the revision of who gets it
    """
    found = _look(interface, method, version, arguments, endpoint)
    if found.outcome != 'refused':
        return found
    history = interface.history
    after = endpoint.index + 1
    for revision in (*history[after:], *reversed(history[: after - 1])):
        other = _look(interface, method, version, arguments, revision)
        if other.outcome != 'refused':
            remedy = interface.remedy if revision > endpoint else ''
            return dataclasses.replace(found, needs=revision, remedy=remedy)
    return found


def _look(
    interface: _interface.Interface,
    method: str,
    version: str,
    arguments: Collection[str],
    endpoint: _contract.Revision,
) -> Fit:
    number = _contract.Version.parse(version)
    refused = Fit('refused', version, by='endpoint', what=method)
    try:
        offer = _endpoint.find([_offer(interface, endpoint)], number, method)
        offer.terms[method].check(dict.fromkeys(arguments))
    except _endpoint.NotServed as error:
        return dataclasses.replace(
            refused, cause=error.cause, reason=str(error)
        )
    except _endpoint.ArgumentsRefused as error:
        return dataclasses.replace(
            refused, cause='arguments', reason=str(error)
        )
    return Fit('same', version)


@functools.lru_cache(maxsize=256)
def _offer(
    interface: _interface.Interface, revision: _contract.Revision
) -> _endpoint.Offer:
    return _endpoint.Offer(interface, revision)


def _values(
    method: _contract.Method, said: Collection[str]
) -> dict[str, Any]:
    given = {
        name: _ANYTHING
        for name, argument in method.arguments.items()
        if argument.default is _contract.REQUIRED
    }
    given.update(dict.fromkeys(said, _ANYTHING))
    return method.bind((), given)
