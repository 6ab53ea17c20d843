# SPDX-License-Identifier: Apache-2.0
"""Finds out what a peer speaks: it announced that, or it is asked."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import logging
import threading
from typing import Literal
from typing import NamedTuple
from typing import Self

from trove.common import belief
from trove.common.rpc import _contract
from trove.common.rpc import _interface

LOG = logging.getLogger(__name__)


class Probed(str):
    """The result of a probe, as a :data:`Discover` returns it.

    Unlike what a peer announces, it does not follow an upgrade or a rollback
    of the peer: nobody tells of that. An announcement of a peer that has not
    been heard since is no better.

    :param age: seconds since it was asked, by any process; None: not known
    :param answered: it did answer then
    """

    age: float | None
    answered: bool

    def __new__(
        cls, text: str, age: float | None = None, answered: bool = True
    ) -> Self:
        made = super().__new__(cls, text)
        made.age, made.answered = age, answered
        return made


class Unanswered:
    """Nothing is known of a peer, and it has not answered.

    As a :data:`Discover` gives it, it need not be asked again now.
    """


class Disputed(str):
    """Announcements of peers that an unauthenticated answer contradicts.

    He does so in the clear, where all are proven to know better: it is not
    believed, and nothing is sent that would be lost if it were true.

    :ivar answer: the contradicting answer
    """

    answer: str

    def __new__(cls, text: str, answer: str) -> Disputed:
        made = super().__new__(cls, text)
        made.answer = answer
        return made


class Assumed(str):
    """Return the assumed revision of an unknown peer, to probe it.

    That it is not that is an answer like any other, and no rollback.
    """


#: Gives what a peer announced, as text, or :class:`Probed`, or None where
#: nothing is known of it.
Discover = Callable[[str | None], str | Unanswered | None]


class Together:
    """A :data:`Discover` that can look up several peers at once, too.

    :param one: looks up one
    :param several: looks up peers, and leaves out those that there are not
    """

    def __init__(
        self,
        one: Discover,
        several: Callable[
            [Sequence[str]], Mapping[str, str | Unanswered | None]
        ],
    ) -> None:
        self._one = one
        self.several = several

    def __call__(self, peer: str | None) -> str | Unanswered | None:
        return self._one(peer)


#: Takes what a probe of a peer found, None when that proved to be wrong.
Keep = Callable[[str | None, str | Unanswered | None], None]

#: Asks a peer itself; None when it does not answer.
Prober = Callable[
    [_interface.Interface, str | None], _contract.Revision | None
]


class Found(NamedTuple):
    """The result of a look-up of a peer.

    :param revision: None when nothing was
    :param by: ``asked``: it was, just now; ``kept``: it was at another time,
        perhaps by another process; ``guessed``: nobody may ask it
    :param doubted: what it answered, if what is known of it outweighs that
    :param kept: what it is known by, if it is kept
    """

    revision: _contract.Revision | None
    by: Literal['announced', 'asked', 'kept', 'guessed']
    doubted: _contract.Revision | None = None
    kept: Probed | None = None


#: Says whether a peer is proven to know seals, and no operator permits it to
#: be taken for less; see :mod:`trove.common.belief`.
Proven = Callable[[_interface.Interface, str | None], bool]


class Busy(Exception):
    """Another thread probes this peer."""


class Discovery:
    """Knows by what means the peers of each interface are found out about.

    :param discover: by interface name; what a peer announced
    :param keep: by interface name; only peers of these are probed
    """

    def __init__(
        self,
        discover: Mapping[str, Discover],
        keep: Mapping[str, Keep],
        probe: Prober,
        proven: Proven,
    ) -> None:
        self._proven = proven
        self._discover = discover
        self._keep = keep
        self._probe = probe
        self._changed = threading.Condition()
        self._probing: set[tuple[str, int, str | None]] = set()

    def look_up(
        self, interface: _interface.Interface, peer: str | None
    ) -> Found:
        """Return what a peer speaks, and ask it if nobody knows.

        :raises Busy: another thread asks it
        :raises Exception: of the database, or of the message broker
        """
        discover = self._discover.get(interface.name)
        text = None if discover is None else discover(peer)
        found = self._kept(interface, peer, text)
        return self.ask(interface, peer) if found is None else found

    def looks_up_several(self, interface: _interface.Interface) -> bool:
        """Whether several peers of an interface can be looked up at once."""
        return isinstance(self._discover.get(interface.name), Together)

    def look_up_several(
        self, interface: _interface.Interface, peers: Sequence[str]
    ) -> dict[str, Found]:
        """Return what is known of peers, and ask none of them.

        :returns: those of which nothing is known are left out
        :raises Exception: of the database
        """
        discover = self._discover.get(interface.name)
        if not isinstance(discover, Together):
            return {}
        return {
            peer: found
            for peer, text in discover.several(peers).items()
            if (found := self._kept(interface, peer, text)) is not None
        }

    def _kept(
        self,
        interface: _interface.Interface,
        peer: str | None,
        text: str | Unanswered | None,
    ) -> Found | None:
        """Return what a text means that was looked up; None: nothing."""
        if text is None:
            return None
        if isinstance(text, Unanswered):
            return Found(None, 'kept')
        revision = self._read(interface, peer, text)
        if isinstance(text, Probed):
            return Found(revision, 'kept', kept=text)
        doubted = None
        if isinstance(text, Disputed):
            doubted = self._read(interface, peer, text.answer)
        return Found(revision, 'announced', doubted)

    def assumes(
        self, interface: _interface.Interface, peer: str | None
    ) -> bool:
        """Whether what a peer speaks is no more than :class:`Assumed`."""
        discover = self._discover.get(interface.name)
        return discover is not None and isinstance(discover(peer), Assumed)

    def ask(
        self,
        interface: _interface.Interface,
        peer: str | None,
        believed: _contract.Revision | None = None,
    ) -> Found:
        """Probe a peer, if one may, and keep what it answers.

        :param believed: what it is taken for; None: not known
        :raises Busy: another thread is at it
        :raises Exception: of the message broker, or of the database
        """
        if interface.name not in self._keep:
            return Found(None, 'guessed')
        with self._claimed(interface, peer):
            answer = self._probe(interface, peer)
            if answer is None:
                self._keep[interface.name](peer, Unanswered())
                return Found(None, 'asked')
            before = belief.Belief(
                speaks=None if believed is None else believed.name,
                proven=self._proven(interface, peer),
            )
            told = answer.name, interface.seals(answer)
            doubted = belief.outweighs(before, 'clear', *told)
            if belief.learn(before, 'clear', *told).speaks == answer.name:
                if believed is not None and answer < believed:
                    # That it was taken for more stays to be seen.
                    self.keep(interface, peer, None)
                if not doubted:
                    self.keep(interface, peer, answer)
                believed = answer
            return Found(believed, 'asked', answer if doubted else None)

    def wait(
        self, interface: _interface.Interface, peer: str | None
    ) -> None:
        """Return when no other thread probes a peer."""
        key = interface.name, interface.major, peer
        with self._changed:
            self._changed.wait_for(lambda: key not in self._probing)

    def keep(
        self,
        interface: _interface.Interface,
        peer: str | None,
        revision: _contract.Revision | None,
    ) -> None:
        """Keep what a peer has answered, None when that was wrong.

        :raises Exception: of the database
        """
        keep = self._keep.get(interface.name)
        if keep is not None:
            keep(peer, None if revision is None else revision.name)

    @contextlib.contextmanager
    def _claimed(
        self, interface: _interface.Interface, peer: str | None
    ) -> Iterator[None]:
        key = interface.name, interface.major, peer
        with self._changed:
            if key in self._probing:
                raise Busy
            self._probing.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._probing.discard(key)
                self._changed.notify_all()

    def _read(
        self, interface: _interface.Interface, peer: str | None, text: str
    ) -> _contract.Revision:
        try:
            return interface.announced(text)
        except ValueError as error:
            LOG.error(
                'The %s announced an invalid version: %s. Sending version %s '
                'of %s; upgrade or restart it.',
                interface.describe(peer),
                error,
                interface.unknown,
                interface.name,
            )
            return interface.unknown
