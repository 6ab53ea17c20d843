# SPDX-License-Identifier: Apache-2.0
"""Our declarations against what releases 8.0 to 26.0 put on the wire.

The facts were read off the released packages; see the note in
``trove/peers/releases.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
import inspect
import json
from typing import Any
from unittest import mock

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import state as states
from trove.objects.instance import states as instance_states
from trove.peers import releases
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.tests import base
from trove.tests.fixtures import broker as brokers
from trove.tests.fixtures import contracts

FACTS = releases.FACTS['interfaces']

#: Taken as any further argument over there, and declared here.
_NAMED_HERE = {'attach_replica': {'restart': False}}

#: Served by every release, and sent by other classes than the client's.
_BESIDES = {'guestagent': ('cluster_complete',)}


def parse(signature: str) -> dict[str, Any]:
    """Read "a, b=null, **" as the defaults by name."""
    arguments: dict[str, Any] = {}
    for part in filter(None, signature.split(', ')):
        name, equals, default = part.partition('=')
        arguments[name] = json.loads(default) if equals else rpc.REQUIRED
    return arguments


def released(name: str, release: int) -> dict[str, dict[str, Any]]:
    """The arguments of all methods that a release serves."""
    found: dict[str, dict[str, Any]] = {
        method: {} for method in _BESIDES.get(name, ())
    }
    for method, facts in FACTS[name]['methods'].items():
        signature = releases.of_release(facts['served'], release)
        if signature is not None:
            found[method] = parse(signature)
    return found


def bind(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    """Call a released method with values, as its dispatcher does.

    :raises TypeError: it does not take them
    """
    kinds = inspect.Parameter
    parameters = [
        kinds('fields', kinds.VAR_KEYWORD)
        if name == '**'
        else kinds(name, kinds.KEYWORD_ONLY, default=default)
        for name, default in arguments.items()
    ]
    inspect.Signature(parameters).bind(**values)


class ReleasedInterfacesTest(base.TestCase):
    def revisions(self) -> Iterator[tuple[str, int, rpc.Revision]]:
        for name, client in versions.CLIENTS.items():
            for release, series in releases.SERIES.items():
                yield name, release, client.interface.revision(series)

    def test_each_release_serves_what_its_revision_declares(self) -> None:
        for name, release, revision in self.revisions():
            declared = versions.CLIENTS[name].interface.as_of(revision)
            served = released(name, release)
            self.assertEqual(set(served), set(declared), (name, release))
            for method, arguments in served.items():
                ours: dict[str, Any] = {
                    argument.name: argument.default
                    for argument in declared[method].arguments.values()
                }
                any_fields = arguments.pop('**', None) is not None
                if any_fields and method in _NAMED_HERE:
                    arguments.update(_NAMED_HERE[method])
                    any_fields = False
                place = (name, method, release)
                self.assertEqual(arguments, ours, place)
                self.assertEqual(
                    any_fields, declared[method].any_fields, place
                )

    def test_versions_are_those_that_the_releases_declare(self) -> None:
        for name, release, revision in self.revisions():
            self.assertEqual(
                FACTS[name]['releases'][str(release)]['latest'],
                str(revision.version),
                (name, release),
            )

    def test_kinds_are_the_released_ones(self) -> None:
        for name, client in versions.CLIENTS.items():
            for method, facts in FACTS[name]['methods'].items():
                self.assertEqual(
                    facts['kind'], client.interface.methods[method].kind
                )

    def test_every_alias_of_a_release_is_known(self) -> None:
        for name, client in versions.CLIENTS.items():
            for facts in FACTS[name]['releases'].values():
                for alias in facts.get('aliases', {}):
                    self.assertIn(alias, client.interface.aliases, name)

    def test_what_released_clients_send_is_taken(self) -> None:
        for name, client in versions.CLIENTS.items():
            interface = client.interface
            oracle = contracts.Oracle(interface)
            for release in releases.SERIES:
                for sent in releases.sent(name, release):
                    place = (name, release, sent)
                    declared = interface.methods[sent.method]
                    said = dict.fromkeys(sent.arguments)
                    self.assertTrue(
                        oracle.takes(declared, said, interface.latest.name),
                        place,
                    )
                    self.assertEqual(
                        set(), set(said) - set(declared.arguments), place
                    )


class ReleasedNamesTest(base.TestCase):
    """Values of messages that name something in the receiver."""

    def test_words_are_known_since_the_release_that_has_them_first(
        self,
    ) -> None:
        for interface, kind, prefix, words in (
            ('conductor', 'service_status', '', [conductor_api.HEALTHY]),
            *(
                (name, 'notification', 'DBaaS', rpc.LATER_NOTIFICATIONS)
                for name in versions.CLIENTS
            ),
        ):
            for word in words:
                for release, series in releases.SERIES.items():
                    known = releases.names(kind, release)
                    self.assertEqual(
                        (prefix + word.name in known, True),
                        (
                            self.is_since(interface, series, word),
                            prefix + word.instead in known,
                        ),
                        (word, release),
                    )

    def is_since(self, name: str, series: str, word: rpc.Word) -> bool:
        order = [
            release
            for revision in versions.CLIENTS[name].interface.history
            for release in revision.releases
        ]
        return order.index(series) >= order.index(word.since)

    def test_a_state_that_some_do_not_know_is_declared_as_such(self) -> None:
        said = {
            value
            for name, value in vars(states).items()
            if name.startswith('STATUS_')
        }
        for release in releases.SERIES:
            unknown = said - releases.names('service_status', release)

            self.assertLessEqual(unknown, {conductor_api.HEALTHY.name})

    def test_every_state_that_a_released_guest_reports_is_known_here(
        self,
    ) -> None:
        for release in releases.SERIES:
            for text in releases.names('service_status', release):
                status = instance_states.ServiceStatus.from_description(text)

                self.assertEqual(text, status.description)

    def test_managers_of_datastores_have_options_in_every_release(
        self,
    ) -> None:
        ours = {
            point.name
            for point in metadata.entry_points(
                group='trove.guestagent.datastores'
            )
        }

        for release in releases.SERIES:
            known = releases.names('datastore_manager', release)
            self.assertLessEqual(ours, known)


class ReleasedPeersTest(base.TestCase):
    """What our clients send to a peer of each release."""

    def setUp(self) -> None:
        super().setUp()
        self.series = ''
        self.broker = brokers.Broker()
        self.transport = rpc.Transport(
            self.conf,
            discover={
                name: self.revision_of(name) for name in versions.CLIENTS
            },
            connection=self.broker.connection('ours'),  # type: ignore
        )
        for client in versions.CLIENTS.values():
            topic = client.interface.topic(self.conf, 'x')
            # It takes all there is.
            takes = mock.Mock(dispatch=lambda incoming: None)
            brokers.Server(self.broker, 'theirs', topic, takes).start()

    def revision_of(self, name: str) -> Any:
        interface = versions.CLIENTS[name].interface
        return lambda peer: interface.revision(self.series).name

    def send(
        self, api: Any, method: rpc.Method, values: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the message, None when the client refuses to send it."""
        self.broker.message = {}
        try:
            getattr(api, method.name)(trove_context.TroveContext(), **values)
        except exception.PeerTooOld:
            self.assertEqual({}, self.broker.message)
            return None
        return self.broker.message

    def test_each_takes_what_it_is_sent(self) -> None:
        for name, client in versions.CLIENTS.items():
            api = client(self.transport, 'x')
            for release, self.series in releases.SERIES.items():
                facts = FACTS[name]['releases'][str(release)]
                self.transport.refresh()
                served = released(name, release)
                latest = rpc.Version.parse(facts['latest'])
                for method in client.interface.methods.values():
                    for values in sample_calls.orders(method):
                        place = (name, release, method.name, values)
                        message = self.send(api, method, values)
                        if message is None:
                            continue
                        self.assertIn(method.name, served, place)
                        self.check(served[method.name], message, latest, place)

    def check(
        self,
        served: dict[str, Any],
        message: dict[str, Any],
        latest: rpc.Version,
        place: tuple[Any, ...],
    ) -> None:
        version = rpc.Version.parse(message['version'])
        self.assertTrue(version <= latest, place)
        try:
            bind(served, message['args'])
        except TypeError as error:
            self.fail(f'{place}: {error}')

    def test_what_both_know_is_sent(self) -> None:
        for name, client in versions.CLIENTS.items():
            api = client(self.transport, 'x')
            for release, self.series in releases.SERIES.items():
                self.transport.refresh()
                for method_name, arguments in released(name, release).items():
                    arguments.pop('**', None)
                    method = client.interface.methods[method_name]
                    *_, most = sample_calls.orders(method)
                    values = {each: most.get(each) for each in arguments}

                    message = self.send(api, method, values)

                    place = (name, release, method_name)
                    assert message is not None, place
                    self.assertEqual(
                        sample_calls.meaning(method, values),
                        sample_calls.meaning(method, message['args']),
                        place,
                    )
