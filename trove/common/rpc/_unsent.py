# SPDX-License-Identifier: Apache-2.0
"""What a sender is told whose message is not sent: why, and what to do."""

from __future__ import annotations

from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _interface
from trove.common.rpc import _plan

#: Of a peer that knows no better than the encryption of releases.
WEAK = (
    'The encryption of that version proves no origin, which [DEFAULT] '
    'rpc_seal_minimum = authenticated forbids. Upgrade the peer, or set the '
    'option to released meanwhile.'
)

_UNKNOWN = (
    'It did not answer when it was asked. Check that it runs and reaches the '
    'message broker, then repeat the request; upgrade it if that does not '
    'help.'
)


def refusal(
    interface: _interface.Interface,
    peer: str | None,
    refused: _plan.Unsendable,
    pin: _contract.Revision | None,
) -> exception.PeerTooOld | exception.PeerTooNew:
    """Return what the caller is told when nothing was sent.

    :param pin: the operator's, if there is one
    """
    cap, needs = refused.cap, str(refused.needs)
    if _contract.NOTHING < cap.limit and refused.needs < cap.limit:
        return too_new(interface, peer, refused.what, needs, cap)
    return too_old(
        *(interface, peer, refused.what, needs, cap, pin),
        remedy=refused.remedy,
    )


def too_new(
    interface: _interface.Interface,
    peer: str | None,
    what: str,
    until: str,
    cap: _plan.Cap,
) -> exception.PeerTooNew:
    """The peer no longer knows what would be sent."""
    return exception.PeerTooNew(
        peer=interface.describe(peer),
        what=what,
        until=until,
        speaks=str(cap),
    )


def too_old(
    interface: _interface.Interface,
    peer: str | None,
    what: str,
    needs: str,
    cap: _plan.Cap,
    pin: _contract.Revision | None,
    speaks: str | None = None,
    remedy: str | None = None,
) -> exception.PeerTooOld:
    """The peer does not know yet what would be sent.

    :param pin: the operator's, if there is one
    :param speaks: what the peer speaks, where that is no revision
    :param remedy: what to do, where that does not follow from the rest
    """
    if cap.limit == _contract.NOTHING:
        speaks = speaks or 'other major versions only'
    if remedy is not None:
        """The caller knows better."""
    elif not (cap.known or speaks):
        speaks, remedy = f'{cap} as far as is known', _UNKNOWN
    elif pin is not None and cap.limit == pin < cap.peer:
        remedy = (
            f'This service is pinned: set [upgrade_levels] {interface.name} '
            f'to auto, or to {needs} or later.'
        )
    return exception.PeerTooOld(
        peer=interface.describe(peer),
        what=what,
        needs=needs,
        speaks=speaks or str(cap),
        remedy=remedy or interface.remedy,
    )
