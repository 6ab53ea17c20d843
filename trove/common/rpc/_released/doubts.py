# SPDX-License-Identifier: Apache-2.0
"""A peer is proven to know seals, and something says that it does not.

That may be true, or of somebody who answers in its place: nothing is sent in
a weaker form because of it, and an operator is told.
"""

from __future__ import annotations

from oslo_config import cfg

from trove.common import belief
from trove.common.rpc import _contract
from trove.common.rpc import _interface
from trove.common.rpc import _plan
from trove.common.rpc import _rejection
from trove.common.rpc import _transport
from trove.common.rpc._seal import sealer as seal

_REMEDY = (
    'It has announced itself sealed with its key, but an unauthenticated '
    'message, from it or from anybody with access to the message broker, says '
    'otherwise. If its guest agent was rolled back, permit that with '
    '"trove-rpc sealing allow {peer} --reason WHY" and repeat the request, or '
    'upgrade it again. If it was not, find out who answers in its place: '
    '"trove-rpc rejected list".'
)
_SERVICES = (
    'They have announced themselves sealed, but an unauthenticated message, '
    'from them or from anybody with access to the message broker, says '
    'otherwise. If they were rolled back, run "trove-rpc sealing allow '
    'INSTANCE --hold --reason WHY" while a conductor of this release is '
    'running, or upgrade them again and repeat the request [DEFAULT] '
    'service_down_time seconds later. If they were not, find out who answers '
    'in their place.'
)
_CONTROL = (
    'They have registered themselves with support for sealed messages, but an '
    'unauthenticated message, from one of them or from anybody with access to '
    'the message broker, says otherwise. If one of an older release was '
    'stopped or upgraded, repeat the request {seconds} seconds ([DEFAULT] '
    'service_down_time) after that: it counts until then. If one was rolled '
    'back, or one of an older release was started beside them, permit that '
    'with "trove-rpc '
    'sealing allow {name} --reason WHY", or upgrade it. If none was, find out '
    'who answers in their place: "trove-rpc rejected list".'
)


def form(
    sealer: seal.Sealer,
    interface: _interface.Interface,
    peer: str | None,
    cap: _plan.Cap,
) -> belief.Form | None:
    """The form of what is sent to a peer; None where nothing may be sent.

    :raises trove.common.exception.TroveError: it cannot be told
    """
    seals = interface.seals(cap.peer)
    only = False
    if cap.known and not seals:
        # Only peers that would be refused cost a look-up.
        only = sealer.only_sealed(interface, peer) and sealer.only_sealed(
            interface, peer, fresh=True
        )
    return belief.form(known=cap.known, seals=seals, released=not only)


def barred(
    transport: _transport.Transport, plan: _plan.Planner, peer: str | None
) -> _plan.Unsendable:
    """Return what ends the way of a message that would not be sealed."""
    interface, method = plan.interface, plan.method.name
    if transport.sealer.strict:
        return _plan.Unsendable(
            method, interface.first_sealed, plan.cap, _plan.WEAK
        )
    return unsendable(transport.conf, interface, peer, method, plan.cap)


def unsendable(
    conf: cfg.ConfigOpts,
    interface: _interface.Interface,
    peer: str | None,
    method: str,
    cap: _plan.Cap,
    speaks: str | None = None,
) -> _plan.Unsendable:
    """Return what ends the way of a message to such a peer.

    :param speaks: what it is said to speak, where its cap is higher
    """
    return _plan.Unsendable(
        method,
        interface.first_sealed,
        cap,
        remedy=_remedy(conf, interface, peer),
        speaks=speaks,
    )


def doubted(
    transport: _transport.Transport,
    interface: _interface.Interface,
    peer: str | None,
    method: _contract.Method,
    version: str,
    cap: _plan.Cap,
) -> _plan.Unsendable:
    """Write down that somebody may be answering for the peer.

    :returns: as :func:`unsendable`
    """
    whom = transport.conf, interface, peer
    if transport.suspects is not None:
        transport.suspects(_rejected(*whom, method, version))
    answer = transport.caps.doubted(interface, peer)
    speaks = f'{answer or "less"}, as is said in the clear'
    return unsendable(*whom, method.name, cap, speaks)


def _rejected(
    conf: cfg.ConfigOpts,
    interface: _interface.Interface,
    peer: str | None,
    method: _contract.Method,
    version: str,
) -> _rejection.Rejection:
    return _rejection.Rejection(
        interface=interface.name,
        peer=peer,
        sender=None,
        method=method.name,
        version=version,
        kind=method.kind,
        cause='downgrade',
        reason='an unauthenticated message claims that the '
        f'{interface.describe(peer)} does not support sealed messages. '
        'Nothing was sent with weaker encryption. '
        # Others follow it with a full stop.
        + _remedy(conf, interface, peer).removesuffix('.'),
        arguments={},
    )


def _remedy(
    conf: cfg.ConfigOpts, interface: _interface.Interface, peer: str | None
) -> str:
    if peer is not None:
        return _REMEDY.format(peer=peer)
    # Who names himself to them is a guest.
    if interface.names_sender:
        return _SERVICES
    return _CONTROL.format(name=interface.name, seconds=conf.service_down_time)
