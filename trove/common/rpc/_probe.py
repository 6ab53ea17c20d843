# SPDX-License-Identifier: Apache-2.0
"""Finds out what a peer understands that announces nothing.

Any server of oslo.messaging can be asked, the released ones included: it
looks up the version, then the method, and only then opens the message and
compares the arguments. So what cannot be run says a lot, and nothing is run:

* a method that nobody has, at a version: ``NoSuchMethod`` means that the
  version is understood, ``UnsupportedVersion`` that it is not
* a method with an argument that nobody has: ``NoSuchMethod`` means that the
  method is not there, any other failure that it is
* a method with one argument, although it needs others: the ``TypeError``
  tells whether the argument is not known, or others are missing
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from collections.abc import Sequence
import logging
import secrets
from typing import Any
from typing import Protocol

from oslo_config import cfg

from trove.common.rpc import _contract
from trove.common.rpc import _interface

LOG = logging.getLogger(__name__)

#: The method, and the argument, that no endpoint has.
NAME = 'trove_rpc_probe'

#: What oslo.messaging answers to wrong arguments, and what our endpoints do.
_WRONG_ARGUMENTS = ('TypeError', 'ArgumentsRefused')


class Answer(Protocol):
    """What a peer answered.

    ``type`` is the name of the exception's class, or ``ok``; ``text`` is
    what the exception says.
    """

    @property
    def type(self) -> str: ...

    @property
    def text(self) -> str: ...


class Asks(Protocol):
    """The part of a transport that this needs."""

    conf: cfg.ConfigOpts

    def ask(
        self,
        topic: str,
        server: str | None,
        version: str,
        method: str,
        arguments: Mapping[str, Any],
        timeout: float,
        context: Mapping[str, Any] | None = None,
    ) -> Answer | None: ...


class _Silence(Exception):
    """No answer came in time."""


def probe(
    transport: Asks,
    interface: _interface.Interface,
    peer: str | None = None,
    server: str | None = None,
    timeout: float | None = None,
) -> _contract.Revision | None:
    """Find the latest revision that a peer understands; run nothing.

    One question where the peer is of the latest version, some six where it
    is the oldest. What cannot be told apart counts as the older.

    :param peer: which of the peers, where each has a topic of its own
    :param server: which server of the topic; without it any of them may
        answer, and another one each time
    :param timeout: seconds to wait for each answer; default: ``probe_timeout``
    :returns: None when nobody answered what was asked; a revision before
        the floor when the peer understands only other major versions
    :raises Exception: of the transport's driver, when the message broker
        cannot be reached
    :raises ValueError: the interface declares a probe that would be run
    """
    seconds = transport.conf.probe_timeout if timeout is None else timeout
    questions = _Questions(transport, interface, peer, server, seconds)
    try:
        version = questions.highest()
        if version is None:
            return _contract.NOTHING
        same = [r for r in interface.history if r.version == version]
        return questions.latest(same)
    except _Silence:
        return None
    finally:
        LOG.debug(
            'Probed the %s with %d questions.',
            interface.describe(peer),
            questions.asked,
        )


class _Questions:
    def __init__(
        self,
        transport: Asks,
        interface: _interface.Interface,
        peer: str | None,
        server: str | None,
        timeout: float,
    ) -> None:
        self._transport = transport
        self._interface = interface
        self._topic = interface.topic(transport.conf, peer)
        self._server = server
        self._timeout = timeout
        self.asked = 0

    def highest(self) -> _contract.Version | None:
        """The highest version of the history that is understood."""
        # Each understands what is below what it understands, and most peers
        # are up to date: the latest first, then the middle of the rest.
        versions = sorted({r.version for r in self._interface.history})
        first, last, middle = 0, len(versions) - 1, len(versions) - 1
        found = None
        while first <= last:
            if self._understands(versions[middle]):
                found, first = versions[middle], middle + 1
            else:
                last = middle - 1
            middle = (first + last) // 2
        return found

    def latest(
        self, revisions: Sequence[_contract.Revision]
    ) -> _contract.Revision:
        """The latest of some revisions of one version, oldest first."""
        for revision in reversed(revisions[1:]):
            if revision.probe is not None and self._has(revision):
                return revision
        return revisions[0]

    def _understands(self, version: _contract.Version) -> bool:
        answer = self._ask(version, NAME)
        if answer.type not in ('NoSuchMethod', 'UnsupportedVersion'):
            # It failed before it looked; that says nothing.
            raise _Silence
        return answer.type == 'NoSuchMethod'

    def _has(self, revision: _contract.Revision) -> bool:
        probed = revision.probe
        assert probed is not None
        if probed.argument is None:
            answer = self._ask(revision.version, probed.method, NAME)
            return answer.type not in ('NoSuchMethod', 'UnsupportedVersion')
        self._make_sure_that_others_are_missing(probed)
        answer = self._ask(revision.version, probed.method, probed.argument)
        unknown = (
            'unexpected keyword' in answer.text
            and probed.argument in answer.text
        )
        return answer.type in _WRONG_ARGUMENTS and not unknown

    def _make_sure_that_others_are_missing(
        self, probed: _contract.Probe
    ) -> None:
        """Raise ValueError for a question that would run the method."""
        method = self._interface.methods[probed.method]
        for argument in method.arguments.values():
            if (
                argument.name != probed.argument
                and argument.default is _contract.REQUIRED
                and method.always_sent(argument)
            ):
                return
        raise ValueError(
            f'{self._interface.name}.{probed.method} needs no argument but '
            f'{probed.argument}, so a probe would run it'
        )

    def _ask(
        self, version: _contract.Version, method: str, *arguments: str
    ) -> Answer:
        self.asked += 1
        answer = self._transport.ask(
            self._topic,
            self._server,
            str(version),
            method,
            {name: _junk() for name in arguments},
            self._timeout,
            context={'context': _junk()},
        )
        if answer is None:
            raise _Silence
        return answer


def _junk() -> str:
    # The form of a released encrypted value. A released peer with a key
    # takes what it cannot decrypt as it is, and goes on to compare the
    # arguments; of a value in the clear it says no more than that.
    return base64.b64encode(secrets.token_bytes(48)).decode()
