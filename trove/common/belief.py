# SPDX-License-Identifier: Apache-2.0
"""Beliefs about the version of a peer, and the evidence that changes them.

A peer that has sent something *sealed*, which nobody can without its key, is
*proven* to know seals. From then on nothing that anybody could have said
lowers what is believed of it, and nothing in the form of released Trove is
sent to it or taken from it, until an operator *allows* that for this peer.

The services of one topic are one peer. They have one key in common, so their
evidence is the registry in the database: all that are there have *registered*
themselves.

:data:`RULES` is the whole of it; everything here is a pure function. Both
sides decide by it: services about guests, guests about the services.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from typing import Literal
from typing import NamedTuple

#: By what something is known.
Evidence = Literal[
    'sealed',
    'registered',
    'rotated',
    'allow',
    'hold',
    'forbid',
    'closed',
    'restarted',
    'released',
    'clear',
    'silence',
]

#: What becomes of the revision that a peer is believed to speak: the evidence
#: ``sets`` it, ``fills`` it in where nothing is known if it is one that knows
#: seals, ``forgets`` it, or ``keeps`` it as it was.
Effect = Literal['sets', 'fills', 'forgets', 'keeps']

Form = Literal['clear', 'released', 'sealed']


class Belief(NamedTuple):
    """The beliefs of one side about a peer.

    :param speaks: the revision that it is taken for; None: not known
    :param proven: it has sent something sealed since its key was made
    :param allowed: an operator permits the form of released Trove although
        it is proven
    :param held: that permission outlasts what it sends sealed
    """

    speaks: str | None = None
    proven: bool = False
    allowed: bool = False
    held: bool = False

    @property
    def released(self) -> bool:
        """Whether the form of released Trove is sent to it and taken."""
        return self.allowed or not self.proven


class Rule(NamedTuple):
    """The consequences of evidence of one kind.

    :param what: for people
    :param open: what it does while the released form is permitted
    :param proven: what it does while it is not
    :param proves: whether the peer is proven afterwards; ``says``: if what
        it says to speak knows seals; None: as before
    :param allows: whether the released form is permitted afterwards; None:
        as before; ``held``: only if that was to be held
    :param holds: whether that is held; None: as before
    """

    what: str
    open: Effect
    proven: Effect
    proves: Literal['says', True] | None = None
    allows: Literal['held', True, False] | None = None
    holds: bool | None = None


RULES: Final[Mapping[Evidence, Rule]] = {
    'sealed': Rule(
        'The peer announces itself, sealed with its own key',
        'sets',
        'sets',
        proves='says',
        allows='held',
    ),
    'registered': Rule(
        'All services of a topic have reported to the registry, and no other '
        'peer answers there',
        'sets',
        'sets',
        proves='says',
        allows='held',
    ),
    'rotated': Rule(
        'The peer accepts a new key, and confirms it sealed',
        'keeps',
        'keeps',
        proves=True,
        allows=False,
        holds=False,
    ),
    'allow': Rule(
        'An operator: trove-rpc sealing allow',
        'forgets',
        'forgets',
        allows=True,
        holds=False,
    ),
    'hold': Rule(
        'An operator: trove-rpc sealing allow --hold',
        'forgets',
        'forgets',
        allows=True,
        holds=True,
    ),
    'forbid': Rule(
        'An operator: trove-rpc sealing forbid',
        'forgets',
        'forgets',
        allows=False,
        holds=False,
    ),
    'closed': Rule(
        'An operator: trove-rpc sealing forbid, of services',
        'forgets',
        'forgets',
        proves=True,
        allows=False,
        holds=False,
    ),
    'restarted': Rule(
        'The task manager restarts the server of the peer, maybe with another '
        'image',
        'forgets',
        'forgets',
    ),
    'released': Rule(
        'The peer announces itself, or nothing, with the released encryption '
        'or unencrypted',
        'sets',
        'keeps',
    ),
    'clear': Rule(
        'A probe is answered, or a call is refused, unencrypted',
        'sets',
        'fills',
    ),
    'silence': Rule(
        'The peer does not answer, or is silent', 'keeps', 'keeps'
    ),
}


def learn(
    before: Belief,
    evidence: Evidence,
    says: str | None = None,
    seals: bool = False,
) -> Belief:
    """Return what is believed after some evidence.

    :param says: the revision that it speaks of, if it does
    :param seals: whether peers of that revision know seals
    """
    rule = RULES[evidence]
    effect = rule.open if before.released else rule.proven
    speaks = before.speaks
    if effect == 'sets' or (effect == 'fills' and seals and speaks is None):
        speaks = says
    elif effect == 'forgets':
        speaks = None
    proven, allowed, held = before.proven, before.allowed, before.held
    if rule.proves is not None:
        proven = seals if rule.proves == 'says' else rule.proves
    if rule.holds is not None:
        held = rule.holds
    if rule.allows is not None:
        allowed = held if rule.allows == 'held' else rule.allows
    return Belief(speaks, proven, allowed, held)


def outweighs(
    before: Belief,
    evidence: Evidence,
    says: str | None = None,
    seals: bool = False,
) -> bool:
    """Whether what is believed outweighs evidence that says otherwise.

    Nothing is to be sent then that would be lost if the evidence were true:
    who knows no seals drops what is sealed.
    """
    after = learn(before, evidence, says, seals)
    return says is not None and not seals and after.speaks != says


def form(
    *, known: bool, seals: bool, released: bool, authenticated: bool = False
) -> Form | None:
    """Return the form of a message to a peer that has a key.

    :param known: something is known of what it speaks
    :param seals: that knows seals
    :param released: what :attr:`Belief.released` says of the peer
    :param authenticated: ``rpc_seal_minimum`` says so
    :returns: None when nothing may be sent: the peer would drop what is
        sealed, and what it takes is not permitted
    """
    if seals:
        return 'sealed'
    if released and not authenticated:
        return 'released'
    # Of whom nothing is known the best is believed.
    return None if known else 'sealed'


def takes(form: Form, released: bool, authenticated: bool = False) -> bool:
    """Whether a receiver that has a key opens a message of a form.

    :param released: what :attr:`Belief.released` says of the sender
    :param authenticated: ``rpc_seal_minimum`` says so
    """
    if form == 'released':
        return released and not authenticated
    return form == 'sealed'
