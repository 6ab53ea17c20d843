# SPDX-License-Identifier: Apache-2.0
"""Every method of every interface, between all revisions.

What is to happen is decided by :mod:`trove.tests.fixtures.contracts`; and
what does happen must be what ``rpc.fit`` has said before.
"""

from __future__ import annotations

import itertools

import testscenarios

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.tests import base
from trove.tests.fixtures import broker as brokers
from trove.tests.fixtures import contracts

PEER = sample_calls.OneKey.identity

load_tests = testscenarios.load_tests_apply_scenarios


class AllAgainstAll(base.TestCase):
    """One interface; ``rejected`` is what its endpoint did not take."""

    measured = False

    scenarios = testscenarios.multiply_scenarios(
        [
            (name, {'client': client})
            for name, client in versions.CLIENTS.items()
        ],
        [
            ('in the clear', {'keys': None}),
            ('encrypted', {'keys': sample_calls.OneKey()}),
        ],
    )

    def setUp(self):
        super().setUp()
        self.interface = self.client.interface
        self.oracle = contracts.Oracle(self.interface)
        self.names = [each.name for each in self.interface.history]
        self.rejected = []
        self.done = []
        self.believed = None
        self.broker = brokers.Broker()
        self.server = None
        self.transport = rpc.Transport(
            self.conf,
            discover={self.interface.name: lambda peer: self.believed},
            keys=self.keys,
            rejected=self.rejected.append,
            connection=self.broker.connection('here'),
        )
        self.api = self.client(self.transport, PEER)
        self.context = trove_context.TroveContext(project_id='a project')
        self.events = []
        observed = rpc.observe(self.events.append)
        observed.__enter__()
        self.addCleanup(observed.__exit__, None, None, None)
        self.endpoints = {name: self.endpoint(name) for name in self.names}

    def endpoint(self, revision):
        recorder = sample_calls.Recorder(self.interface, self.done.append)
        return self.transport.server(
            recorder, host='here', peer=PEER, version=revision
        )

    def pairs(self):
        return itertools.product(self.names, repeat=2)

    def orders(self):
        for method in self.interface.methods.values():
            for values in sample_calls.orders(method):
                yield method, values

    def connect(self, pin, believed, endpoint):
        self.config(**{self.interface.name: pin}, group='upgrade_levels')
        self.believed = believed
        self.transport.refresh()
        if self.server is not None:
            self.server.stop()
        self.server = self.endpoints[endpoint]
        self.server.start()

    def send(self, method, values):
        """Send; return what came of it: an answer, an error or None."""
        for kept in (self.done, self.rejected, self.events):
            kept.clear()
        try:
            return getattr(self.api, method.name)(self.context, **values)
        except exception.PeerTooOld as error:
            return error

    def check_done(self, place, method, values):
        """Exactly this was done, once."""
        self.assertEqual(1, len(self.done), place)
        [(name, arguments)] = self.done
        self.assertEqual(method.name, name, place)
        self.assertEqual(
            sample_calls.meaning(method, values),
            sample_calls.meaning(method, arguments),
            place,
        )

    def fit(self, method, values, **revisions):
        """What is said of a message before it is sent."""
        said = [
            name
            for name, value in values.items()
            if name in method.arguments
            and value != method.arguments[name].default
        ]
        return rpc.fit(
            self.interface,
            method.name,
            said,
            sealed=self.keys is not None,
            peer=PEER,
            **{
                role: self.interface.revision(name)
                for role, name in revisions.items()
            },
        )

    def check(self, place, method, values, outcome):
        answer = self.send(method, values)

        fit = self.fit(method, values, client=place[0], endpoint=place[1])
        self.assertEqual([], self.rejected, place)
        self.assertEqual(outcome.left_out, set(fit.left_out), place)
        if outcome.refused:
            self.assertEqual(
                ('refused', 'client', None, str(answer), answer.needs),
                (fit.outcome, fit.by, fit.version, fit.reason, str(fit.needs)),
                place,
            )
            self.assertEqual(answer.remedy, fit.remedy, place)
            self.assertIsInstance(answer, exception.PeerTooOld, place)
            self.assertIn(answer.needs, self.names, place)
            self.assertTrue(answer.remedy, place)
            self.assertEqual([], self.done, place)
            self.assertEqual(
                ['refused'], [each.outcome for each in self.events], place
            )
            return
        self.assertNotIsInstance(answer, Exception, place)
        self.assertEqual(
            ('left out' if outcome.left_out else 'same', None),
            (fit.outcome, fit.by),
            place,
        )
        self.assertEqual(self.broker.message['version'], fit.version, place)
        said = {
            name: value
            for name, value in values.items()
            if name not in outcome.left_out
        }
        self.check_done(place, method, said)
        left_out = {
            name
            for each in self.events
            if each.outcome == 'left out'
            for name in each.arguments
        }
        self.assertEqual(outcome.left_out, left_out, place)
        if self.keys is None:
            self.assertEqual(
                self.oracle.version(
                    method, self.broker.message['args'], *place[:2]
                ),
                self.broker.message['version'],
                place,
            )

    def test_a_client_of_one_revision_and_an_endpoint_of_another(self):
        seen = set()
        for client, endpoint in self.pairs():
            self.connect(client, endpoint, endpoint)
            for method, values in self.orders():
                outcome = self.oracle.outcome(method, values, client, endpoint)
                place = (client, endpoint, method.name, values)
                self.check(place, method, values, outcome)
                seen.add((outcome.refused, bool(outcome.left_out)))

        # All that can happen has happened.
        self.assertIn((False, False), seen)
        self.assertIn((True, False), seen)

    def test_a_client_that_is_wrong_about_its_peer(self):
        for believed, endpoint in self.pairs():
            for method, values in self.orders():
                self.connect('auto', believed, endpoint)
                place = (believed, endpoint, method.name, values)
                answer = self.send(method, values)
                fit = self.last_fit(method, values, believed, endpoint)
                if isinstance(answer, exception.PeerTooOld):
                    self.assertEqual([], self.done, place)
                    self.assertEqual('refused', fit.outcome, place)
                    continue
                if self.rejected:
                    self.check_rejected(place, method, values, fit)
                    continue
                self.assertNotEqual('refused', fit.outcome, place)
                self.assertEqual(
                    set(), set(fit.left_out) & set(self.done[0][1]), place
                )
                self.assertEqual(1, len(self.done), place)
                _, arguments = self.done[0]
                self.check_done(
                    place, method, self.without(method, values, arguments)
                )

    def last_fit(self, method, values, believed, endpoint):
        """What is said of what is sent last.

        After its call is refused, a client takes its peer for the oldest.
        """
        latest, oldest = self.names[-1], self.names[0]
        revisions = {'client': latest, 'endpoint': endpoint}
        fit = self.fit(method, values, believed=believed, **revisions)
        if fit.by == 'endpoint' and method.kind == 'call':
            fit = self.fit(method, values, believed=oldest, **revisions)
        return fit

    def without(self, method, values, arguments):
        """What was to be said, without what may be left out and was."""
        return {
            name: value
            for name, value in values.items()
            if name in arguments
            or name not in method.arguments
            or not method.arguments[name].span.may_omit
        }

    def check_rejected(self, place, method, values, fit):
        self.assertEqual('cast', method.kind, place)
        self.assertEqual([], self.done, place)
        [rejection] = self.rejected
        self.assertEqual(method.name, rejection.method, place)
        self.assertTrue(rejection.replayable, place)
        self.assertEqual(
            (rejection.cause, 'endpoint'), (fit.cause, fit.by), place
        )
        self.assertIn(fit.reason, rejection.reason, place)
        self.assertEqual(
            sample_calls.meaning(
                method, self.without(method, values, rejection.arguments)
            ),
            sample_calls.meaning(method, rejection.arguments),
            place,
        )

    def test_the_latest_takes_what_any_revision_sends(self):
        latest = self.names[-1]
        for client in self.names:
            self.connect(client, latest, latest)
            for method, values in self.orders():
                place = (client, method.name, values)
                if self.oracle.outcome(method, values, client, latest).refused:
                    continue
                self.assertNotIsInstance(
                    self.send(method, values), Exception, place
                )
                self.assertEqual([], self.rejected, place)
