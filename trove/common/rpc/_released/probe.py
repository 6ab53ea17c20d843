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
from collections.abc import Generator
from collections.abc import Mapping
import dataclasses
import secrets
from typing import Any
from typing import NamedTuple
from typing import Protocol

from oslo_config import cfg

from trove.common.rpc import _contract
from trove.common.rpc import _interface

#: The method, and the argument, that no endpoint has.
NAME = 'trove_rpc_probe'

#: Errors of oslo.messaging, and of our endpoints, for wrong arguments.
_WRONG_ARGUMENTS = ('TypeError', 'ArgumentsRefused')


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a peer to a probe.

    :param type: name of the class of its exception, ``ok`` if there was none
    :param text: of the exception
    """

    type: str
    text: str = ''


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


class Question(NamedTuple):
    """The message of a probe, which no peer can run.

    :param arguments: their names; the values are of no account
    """

    version: _contract.Version
    method: str
    arguments: tuple[str, ...] = ()

    def values(self) -> dict[str, str]:
        return {name: _junk() for name in self.arguments}

    def context(self) -> dict[str, str]:
        return {'context': _junk()}


#: Gives questions, takes the answers, and returns what a peer understands;
#: None where it answered something that says nothing.
Inquiry = Generator[Question, Answer, _contract.Revision | None]


class _Nonsense(Exception):
    """It failed before it looked; that says nothing."""


def probe(
    transport: Asks,
    interface: _interface.Interface,
    peer: str | None = None,
    server: str | None = None,
    timeout: float | None = None,
) -> _contract.Revision | None:
    """Find the latest revision that a peer understands; run nothing.

    One question where the peer is of the latest version, some five where it
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
    topic = interface.topic(transport.conf, peer)
    asking = inquiry(interface)
    question: Question = next(asking)
    while True:
        answer = transport.ask(
            topic,
            server,
            str(question.version),
            question.method,
            question.values(),
            seconds,
            context=question.context(),
        )
        if answer is None:
            return None
        try:
            question = asking.send(answer)
        except StopIteration as done:
            found: _contract.Revision | None = done.value
            return found


def inquiry(
    interface: _interface.Interface, silent: bool = False
) -> Inquiry:
    """Ask a peer what it understands, whoever carries the questions.

    :param silent: of a peer of which it is known that it announces nothing,
        so that it is hardly up to date
    """
    try:
        return (yield from _inquire(interface, silent))
    except _Nonsense:
        return None


def _inquire(interface: _interface.Interface, silent: bool) -> Inquiry:
    # Each understands what is below what it understands, and most peers
    # are up to date: the latest first, then the middle of the rest.
    versions = sorted({r.version for r in interface.history})
    first, last = 0, len(versions) - 1
    middle = (last + 1) // 2 if silent else last
    found = None
    while first <= last:
        if middle == 0 and found is None and last < len(versions) - 1:
            # It answers sense. What tells its revisions apart says also
            # whether they are understood.
            return (yield from _latest(interface, versions[0], False))
        if (yield from _understands(versions[middle])):
            found, first = versions[middle], middle + 1
        else:
            last = middle - 1
        middle = (first + last + 1) // 2
    assert found is not None
    return (yield from _latest(interface, found, True))


def _latest(
    interface: _interface.Interface,
    version: _contract.Version,
    understood: bool,
) -> Inquiry:
    """Find the latest of the revisions of a version.

    :param understood: that it is, is known
    """
    oldest, *later = [r for r in interface.history if r.version == version]
    for revision in reversed(later):
        if revision.probe is None:
            continue
        answer = yield _question(interface, revision)
        if _has(revision.probe, answer):
            return revision
        understood = understood or answer.type == 'NoSuchMethod'
    if understood or (yield from _understands(version)):
        return oldest
    return _contract.NOTHING


def _understands(
    version: _contract.Version,
) -> Generator[Question, Answer, bool]:
    answer = yield Question(version, NAME)
    if answer.type not in ('NoSuchMethod', 'UnsupportedVersion'):
        raise _Nonsense
    return answer.type == 'NoSuchMethod'


def _question(
    interface: _interface.Interface, revision: _contract.Revision
) -> Question:
    probed = revision.probe
    assert probed is not None
    if probed.argument is None:
        return Question(revision.version, probed.method, (NAME,))
    _make_sure_that_others_are_missing(interface, probed)
    return Question(revision.version, probed.method, (probed.argument,))


def _has(probed: _contract.Probe, answer: Answer) -> bool:
    if probed.argument is None:
        return answer.type not in ('NoSuchMethod', 'UnsupportedVersion')
    unknown = (
        'unexpected keyword' in answer.text and probed.argument in answer.text
    )
    return answer.type in _WRONG_ARGUMENTS and not unknown


def _make_sure_that_others_are_missing(
    interface: _interface.Interface, probed: _contract.Probe
) -> None:
    """Raise ValueError for a question that would run the method."""
    method = interface.methods[probed.method]
    for argument in method.arguments.values():
        if (
            argument.name != probed.argument
            and argument.default is _contract.REQUIRED
            and method.always_sent(argument)
        ):
            return
    raise ValueError(
        f'{interface.name}.{probed.method} needs no argument but '
        f'{probed.argument}, so a probe would run it'
    )


def _junk() -> str:
    # The form of a released encrypted value. A released peer with a key
    # takes what it cannot decrypt as it is, and goes on to compare the
    # arguments; of a value in the clear it says no more than that.
    return base64.b64encode(secrets.token_bytes(48)).decode()
