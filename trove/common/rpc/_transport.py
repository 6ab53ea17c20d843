# SPDX-License-Identifier: Apache-2.0
"""The transport: everything of oslo.messaging that a process holds open."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
from typing import Any

from oslo_config import cfg
import oslo_messaging

from trove.common import exception
from trove.common.rpc import _contract
from trove.common.rpc import _dispatch
from trove.common.rpc import _endpoint
from trove.common.rpc import _events
from trove.common.rpc import _interface
from trove.common.rpc import _limits
from trove.common.rpc import _message
from trove.common.rpc import _rejection
from trove.common.rpc import _replays
from trove.common.rpc import _settings
from trove.common.rpc._broker import connection as broker
from trove.common.rpc._broker import listener
from trove.common.rpc._broker import questions
from trove.common.rpc._caps import caps
from trove.common.rpc._caps import discovery
from trove.common.rpc._released import probe
from trove.common.rpc._released import survey
from trove.common.rpc._seal import envelope
from trove.common.rpc._seal import opener
from trove.common.rpc._seal import sealer


class Transport:
    """Makes clients and servers, and closes what they held open.

    Nothing is opened before the first message or server, so that it may be
    made before a process forks. Safe for use by many threads.

    :param conf: the global ``oslo_config.cfg.CONF`` (some options of
        oslo.messaging are registered only there)
    :param discover: how to find out what the peers of an interface speak,
        by interface name; see :data:`~trove.common.rpc.Discover`
    :param url: of the message broker, instead of ``transport_url``
    :param keep: takes what a probe found, by interface name; peers of others
        are never probed; see :data:`~trove.common.rpc.Keep`
    :param keys: for sealed messages; None: everything goes in the clear
    :param rejected: writes down what a server could not take
    :param replays: remembers what the servers took, beyond this process
    :param budget: what each guest may cause by what it sends to the servers
    :param own: the topic of this process, when its account at the message
        broker is one of :func:`permissions`
    :param suspects: writes down what somebody has answered in the place of
        a peer; default: ``rejected``
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        discover: Mapping[str, discovery.Discover] | None = None,
        url: str | None = None,
        *,
        keep: Mapping[str, discovery.Keep] | None = None,
        keys: opener.Keys | None = None,
        rejected: _rejection.Sink | None = None,
        replays: _replays.Replays | None = None,
        budget: _limits.Budget | None = None,
        suspects: _rejection.Sink | None = None,
        connection: broker.Connection | None = None,
        own: str | None = None,
    ) -> None:
        self.conf = conf
        self.keys = keys
        self.settings = _settings.Settings(conf)
        self.sealer = sealer.Sealer(
            keys, lambda: str(self.settings['rpc_seal_minimum'])
        )
        self.caps = caps.Caps(
            conf,
            discover or {},
            keep or {},
            self._probe,
            proven=functools.partial(self.sealer.proven, fresh=True),
        )
        self.suspects = suspects or rejected
        self._receiver = _dispatch.Receiver(
            self.settings, self.sealer, rejected, replays, budget
        )
        self._owns = connection is None
        self.connection = connection or broker.Connection(conf, url, own)

    def sharing(
        self,
        conf: cfg.ConfigOpts,
        discover: Mapping[str, discovery.Discover] | None = None,
        *,
        keys: opener.Keys | None = None,
        rejected: _rejection.Sink | None = None,
        replays: _replays.Replays | None = None,
    ) -> Transport:
        """Return one for somebody else over the same connection.

        For several guests in one process. Closing it closes nothing.
        """
        return Transport(
            conf,
            discover,
            keys=keys,
            rejected=rejected,
            replays=replays,
            connection=self.connection,
        )

    def server(
        self,
        *managers: Any,
        host: str,
        peer: str | None = None,
        version: str | None = None,
    ) -> listener.Listener:
        """Make the server of endpoints; ``start()`` lets it listen.

        :param managers: have the client's ``interface`` and its methods;
            more than one to serve a new major version beside the old one
        :param host: name of this server among those of the topic
        :param peer: which peer this is, for a topic of its own
        :param version: serve as of this older revision; latest by default
        :returns: ``stop()`` takes no more messages, ``wait()`` returns when
            those begun are finished
        :raises trove.common.exception.ContractError: a manager does not
            serve what its interface declares
        :raises ValueError: there is no such revision
        """
        endpoints = []
        for manager in managers:
            interface = manager.interface
            revision = (
                interface.revision(version) if version else interface.latest
            )
            endpoints.append(_endpoint.Endpoint(interface, manager, revision))
        topic = managers[0].interface.topic(self.conf, peer)
        return self.connection.server(
            topic, host, _dispatch.Dispatcher(self._receiver, endpoints, peer)
        )

    def opened(
        self,
        interface: _interface.Interface,
        rejection: _rejection.Rejection,
    ) -> _rejection.Rejection:
        """Open a message that its receiver could not open at the time.

        :returns: with its arguments and its sender; any other as it is
        :raises trove.common.exception.BadRequest: it does not open, or must
            not be opened; says why
        :raises Exception: of the keys, which cannot be had
        """
        try:
            kept = envelope.kept(rejection.arguments)
            if kept is None:
                return rejection
            accepted = self.sealer.accept(
                interface,
                rejection.peer,
                rejection.method,
                rejection.version,
                *kept,
                waits=False,
            )
        except (_message.Malformed, opener.Unopened) as error:
            raise exception.BadRequest(
                reason=f'The message cannot be decrypted: {error}. If that '
                'cannot be fixed, repeat the request and discard the message.'
            ) from None
        context = accepted.context
        return dataclasses.replace(
            rejection,
            arguments=accepted.arguments,
            sender=accepted.sender,
            request_id=_message.text(context.get('request_id')),
            project_id=_message.text(context.get('project_id')),
            user_id=_message.text(context.get('user')),
        )

    def ask(
        self,
        topic: str,
        server: str | None,
        version: str,
        method: str,
        arguments: Mapping[str, Any],
        timeout: float,
        context: Mapping[str, Any] | None = None,
    ) -> probe.Answer | None:
        """Call something as it is: no cap, no contract, no seal.

        :param server: one of those of the topic; any when None
        :param timeout: seconds to wait for the answer
        :returns: None when nobody answers
        :raises Exception: of the transport's driver, when the message broker
            cannot be reached
        """
        client = self.connection.client('').prepare(
            topic=topic,
            server=server,
            version=version,
            timeout=timeout,
            transport_options=broker.MUST_ARRIVE,
        )
        self.connection.reach()
        try:
            client.call(dict(context or {}), method, **arguments)
        except (
            oslo_messaging.MessagingTimeout,
            oslo_messaging.MessageUndeliverable,
        ):
            return None
        except oslo_messaging.RemoteError as error:
            return probe.Answer(str(error.exc_type), str(error.value))
        except Exception as error:
            if type(error).__module__ != 'builtins':
                raise
            return probe.Answer(type(error).__name__, str(error))
        return probe.Answer('ok')

    def ask_many(
        self, interface: _interface.Interface, peers: Iterable[str]
    ) -> Iterator[survey.Outcome]:
        """Find out what peers understand, side by side; run nothing.

        ``probe_at_once`` of them are asked at the same time, so that one
        that does not answer holds nobody up.

        :param peers: taken while others are asked
        :returns: of each what it understands, None when it does not answer;
            as soon as that is known
        :raises Exception: of the transport's driver, when the message broker
            cannot be reached
        """
        if not questions.can_send(self.connection):
            for peer in peers:
                yield peer, self._probe(interface, peer)
            return
        for peer, found in survey.ask(
            self.connection, interface, peers, self.conf.probe_at_once
        ):
            self._count_probe(interface, peer, found)
            yield peer, found

    def _probe(
        self, interface: _interface.Interface, peer: str | None
    ) -> _contract.Revision | None:
        found = probe.probe(self, interface, peer)
        self._count_probe(interface, peer, found)
        return found

    def _count_probe(
        self,
        interface: _interface.Interface,
        peer: str | None,
        found: _contract.Revision | None,
    ) -> None:
        event = _events.Event(
            'probed',
            interface.name,
            peer,
            probe.NAME,
            'silent' if found is None else found.name,
            release=None if found is None else found.release,
        )
        _events.record(event)

    def refresh(self, interface: str | None = None) -> None:
        """Look caps and options up anew at the next message."""
        self.settings.clear()
        self.caps.forget(interface)

    def give_up(self) -> None:
        """Reject what was taken and waits for its turn: the time is over."""
        if self._receiver.budget is not None:
            self._receiver.budget.give_up()

    def close(self) -> None:
        """Close what is open; the transport may be used again."""
        if self._owns:
            self.connection.close()
