# SPDX-License-Identifier: Apache-2.0
"""A peer that has sent what is sealed, and somebody who has no key."""

from __future__ import annotations

import base64
import dataclasses
import random
from typing import Any

import fixtures
import oslo_messaging

from trove.common import exception
from trove.common import rpc
from trove.common.rpc import _limits
from trove.common.rpc._released import encryption
from trove.common.rpc._seal import opener
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample
from trove.tests.unit.common.rpc import seals


class DowngradeTest(base.MessageTestCase):
    """Somebody answers a sealed call in the place of the peer."""

    def setUp(self) -> None:
        super().setUp()
        self.keys = keys_fixture.Keys(None, 'k' * 32)
        self.suspects: list[rpc.Rejection] = []
        self.probed: list[str] = []
        self.asked: list[str] = []
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: self.announced},
            keep={'guestagent': lambda peer, found: self.kept(found)},
            keys=self.keys,
            suspects=self.suspects.append,
        )
        self.api = self.serve(version='1.2')
        self.keys.proven = {self.id()}

    def kept(self, found: str | None) -> None:
        self.probed.append(str(found))

    def forms(self) -> set[str]:
        return {e.form for e in self.events if e.outcome == 'sent'}

    def refuse(self) -> exception.PeerTooOld:
        error = self.assertRaises(
            exception.PeerTooOld, self.api.scrape, self.context
        )
        assert isinstance(error, exception.PeerTooOld)
        return error

    def test_a_refusal_in_the_clear_lowers_nothing(self) -> None:
        for _ in range(3):
            error = self.refuse()

        self.assertEqual('1.10', self.api.cap)
        self.assertEqual([], self.manager.received)
        self.assertEqual([], self.probed)
        self.assertEqual(set(), self.forms())
        for text in (
            'speaks less, as is said in the clear',
            *('trove-rpc sealing allow', 'trove-rpc rejected list'),
        ):
            self.assertIn(text, str(error))

    def test_each_attempt_is_written_down(self) -> None:
        self.refuse()
        self.refuse()

        self.assertEqual(
            {('downgrade', 'scrape', self.id(), False, False)},
            {
                (e.cause, e.method, e.peer, e.honest, e.replayable)
                for e in self.suspects
            },
        )
        self.assertEqual(2, len(self.suspects))

    def test_with_an_operators_word_it_is_found_out_as_ever(self) -> None:
        self.refuse()

        self.keys.proven = set()

        self.assertEqual('smooth', self.api.scrape(self.context))
        self.assertEqual({'released'}, self.forms())

    def test_a_cast_to_a_silent_one_is_not_sent_in_vain(self) -> None:
        said = rpc.Probed('1.10')
        transport = self.memory_transport(
            discover={'guestagent': lambda peer: said},
            keep={'guestagent': lambda peer, found: self.kept(found)},
            keys=self.keys,
            suspects=self.suspects.append,
        )
        api = sample.API(transport, self.id())

        for _ in range(3):
            error = self.assertRaises(
                exception.PeerTooOld, api.drop, self.context, 'cup'
            )

        self.assertIn('trove-rpc sealing allow', str(error))
        self.assertEqual([], self.manager.received)
        self.assertEqual([], self.probed)
        self.assertEqual({'downgrade'}, {e.cause for e in self.suspects})
        self.assertFalse(api.can_send('drop', what='cup'))

    def test_what_is_doubted_is_not_taken_for_too_new(self) -> None:
        # Later than what is sealed: what was withdrawn is refused like that.
        self.announced = rpc.Disputed('1.11', '1.2')
        later = rpc.Revision('1.11', 'Later.')
        interface = dataclasses.replace(
            sample.INTERFACE, history=(*sample.INTERFACE.history, later)
        )

        class Later(rpc.Client, interface=interface):
            @rpc.cast('1.0')
            def drop(self, context: Any, what: str) -> None:
                """Drop something."""

        error = self.assertRaises(
            exception.PeerTooOld,
            Later(self.transport, self.id()).drop,
            self.context,
            'cup',
        )

        self.assertIn('1.10', str(error))
        self.assertIn('speaks 1.2, as is said in the clear', str(error))

    def test_one_that_is_known_for_less_is_sent_nothing(self) -> None:
        self.announced = '1.2'
        self.transport.refresh()

        error = self.refuse()

        self.assertIn('trove-rpc sealing allow', str(error))
        self.assertEqual(set(), self.forms())

    def test_of_whom_nothing_is_known_the_best_is_believed(self) -> None:
        self.announced = None
        transport = self.memory_transport(keys=self.keys)
        server = transport.server(
            self.manager, host='here', peer=f'{self.id()}-2'
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.keys.proven = {f'{self.id()}-2'}

        api = sample.API(transport, f'{self.id()}-2')

        self.assertEqual('door', api.paint(self.context, 'door')['what'])
        self.assertEqual({'sealed'}, self.forms())


class OracleTest(seals.SealTestCase):
    """Somebody sends changed messages and looks which of them open."""

    def setUp(self) -> None:
        super().setUp()
        self.decrypted: list[bool] = []
        decrypt = encryption.decrypt

        def counted(text: str, key: str) -> Any:
            self.decrypted.append(True)
            return decrypt(text, key)

        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.rpc._released.encryption.decrypt', counted
            )
        )

    def guess(
        self, way: seals.Way, count: int, waits: bool = True
    ) -> list[tuple[str, str]]:
        seed = random.Random(3)
        request = way.request()
        answers = []
        for _ in range(count):
            text = base64.b64encode(seed.randbytes(48)).decode()
            context = {'context': text}
            if way.interface.names_sender:
                context['csz-instance-id'] = 'i1'
            error = self.assertRaises(
                opener.Unopened,
                way.accept,
                request,
                context=context,
                waits=waits,
            )
            answers.append((error.cause, type(error).__name__))
        return answers

    def test_it_ends_after_a_few(self) -> None:
        for name in seals.WAYS:
            self.decrypted.clear()
            way = seals.Way(**seals.WAYS[name], authenticated=False)
            parts = len(way.request().arguments) + 1

            answers = self.guess(way, 500)

            self.assertEqual({('seal', 'Unopened')}, set(answers), name)
            self.assertEqual(
                _limits.MOST_GUESSES * parts, len(self.decrypted), name
            )

    def test_an_honest_call_waits_then_too(self) -> None:
        way = seals.Way(authenticated=False)
        request = way.request()
        self.guess(way, _limits.MOST_GUESSES)

        error = self.assertRaises(opener.Unopened, way.accept, request)

        self.assertIn('within an hour', error.reason)

    def test_casts_go_on_to_be_opened_with_the_same_work(self) -> None:
        """They have no answer, so nobody learns; nor can he stop others."""
        for name in seals.WAYS:
            way = seals.Way(**seals.WAYS[name], authenticated=False)
            request = way.request()
            parts = len(request.arguments) + 1
            # Calls are stopped, casts fail one after the other.
            self.guess(way, _limits.MOST_GUESSES)
            self.decrypted.clear()

            self.guess(way, 50, waits=False)

            self.assertEqual(50 * parts, len(self.decrypted), name)
            accepted = way.accept(request, waits=False)
            self.assertEqual('released', accepted.form, name)

    def test_casts_that_do_not_open_stop_no_calls(self) -> None:
        way = seals.Way(authenticated=False)

        self.guess(way, 50, waits=False)

        self.assertEqual('released', way.accept(way.request()).form)

    def test_another_sender_is_not_concerned(self) -> None:
        way = seals.Way(**seals.WAYS['conductor'], authenticated=False)
        self.guess(way, _limits.MOST_GUESSES)
        other = seals.Way(**seals.WAYS['conductor'], authenticated=False)
        other.sender.identity = 'i2'
        other.server = way.server
        self.addCleanup(setattr, other.sender, 'identity', 'i1')

        self.assertEqual('i2', other.accept(other.request()).sender)

    def test_sealed_ones_go_on_to_be_opened(self) -> None:
        way = seals.Way()
        weak = seals.Way(authenticated=False)
        weak.server = way.server
        self.guess(weak, 100)

        self.assertEqual('sealed', way.accept(way.request()).form)

    def test_once_it_is_proven_nothing_is_decrypted_at_all(self) -> None:
        way = seals.Way(authenticated=False)
        request = way.request()
        way.receiver.proven = {'i1'}
        self.addCleanup(way.receiver.proven.clear)

        error = self.assertRaises(opener.Unopened, way.accept, request)
        self.guess(way, 20)

        self.assertEqual([], self.decrypted)
        self.assertTrue(error.whole)
        self.assertIn('trove-rpc sealing allow', error.reason)

    def test_who_serves_a_version_without_seals_takes_it(self) -> None:
        # It can be told nothing else, and has said so itself.
        way = seals.Way(authenticated=False)
        way.receiver.proven = {'i1'}

        accepted = way.accept(way.request(), seals=False)

        self.assertEqual('released', accepted.form)

    def test_the_work_is_the_same_whatever_is_wrong(self) -> None:
        way = seals.Way(authenticated=False)
        request = way.request()
        parts = len(request.arguments) + 1
        well = request.context['context']
        raw = bytearray(base64.b64decode(well))
        for place in (0, len(raw) - 17, len(raw) - 1):
            way = seals.Way(authenticated=False)
            self.decrypted.clear()
            changed = bytearray(raw)
            changed[place] ^= 1
            self.assertRaises(
                opener.Unopened,
                way.accept,
                request,
                context={'context': base64.b64encode(changed).decode()},
            )
            self.assertEqual(parts, len(self.decrypted), place)


class GuessesTest(base.MessageTestCase):
    def test_a_few_in_an_hour(self) -> None:
        now = [0.0]
        guesses = _limits.Guesses(lambda: now[0])
        whose = 'guestagent', 'i1'
        for _ in range(_limits.MOST_GUESSES):
            self.assertFalse(guesses.exhausted(whose))
            guesses.failed(whose)

        self.assertTrue(guesses.exhausted(whose))
        self.assertFalse(guesses.exhausted(('guestagent', 'i2')))
        now[0] = _limits._HOUR
        self.assertFalse(guesses.exhausted(whose))


class AnsweredAlikeTest(base.MessageTestCase):
    """Who sends what does not open learns nothing from the answer."""

    def test_every_failure_has_the_same_answer(self) -> None:
        rejected: list[rpc.Rejection] = []
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: '1.10'},
            keys=keys_fixture.Keys(None, 'k' * 32),
            rejected=rejected.append,
        )
        self.serve()
        topic = sample.API.interface.topic(self.conf, self.id())
        client = oslo_messaging.get_rpc_client(
            self.transport.connection.client('').transport,
            oslo_messaging.Target(topic=topic),
        )
        seed = random.Random(5)
        answers = set()
        for number in range(40):
            length = seed.choice((16, 32, 48, 47))
            text = base64.b64encode(seed.randbytes(length)).decode()
            context = {'context': text if number % 7 else 'no base64'}
            try:
                client.prepare(version='1.0', timeout=10).call(
                    context, 'scrape'
                )
            except oslo_messaging.RemoteError as error:
                answers.add((error.exc_type, str(error.value)))

        self.assertEqual(
            {('NotTaken', 'The message was not taken.')}, answers
        )
        self.assertEqual(40, len(rejected))
        self.assertEqual({'seal'}, {each.cause for each in rejected})
