# SPDX-License-Identifier: Apache-2.0
"""Sealed messages: what was sealed comes out again, and in which form."""

from __future__ import annotations

from collections.abc import Iterator
import json
import pathlib
from typing import Any

import fixtures
import hypothesis
from hypothesis import strategies
from testtools import matchers

from trove.common import crypto
from trove.common import exception
from trove.common.rpc._seal import opener
from trove.common.rpc._seal import sealer
from trove.tests import base
from trove.tests.fixtures import keys as fake_keys
from trove.tests.unit.common.rpc import seals


class RoundTripTest(base.TestCase):
    @hypothesis.given(
        strategies.sampled_from(sorted(seals.WAYS)),
        strategies.booleans(),
        seals.OBJECTS,
        seals.OBJECTS,
        seals.JSON,
    )
    def test_all_that_json_can_say(
        self,
        way_name: str,
        authenticated: bool,
        arguments: dict[str, Any],
        context: dict[str, Any],
        result: Any,
    ) -> None:
        way = seals.Way(**seals.WAYS[way_name], authenticated=authenticated)

        request = way.request(arguments, context)
        accepted = way.accept(request)
        answer = json.loads(json.dumps(way.server.answer(accepted, result)))

        self.assertEqual(arguments, accepted.arguments)
        self.assertEqual(context, accepted.context)
        self.assertEqual(result, way.client.reply(request, answer))

    def test_seal_is_json_however_it_is_spelled(self) -> None:
        way = seals.Way()
        request = way.request()
        said = json.loads(request.arguments['sealed'])
        backwards = dict(reversed(said.items())) | {'note': 'ignored'}

        for text in (
            json.dumps(said, indent=1),
            json.dumps(backwards),
            json.dumps(said, separators=(',', ':'))[:-1] + ',"note":"x"}',
            json.dumps(said).replace('=', '\\u003d'),
        ):
            request.arguments['sealed'] = text

            accepted = way.accept(request)

            self.assertEqual(seals.ARGUMENTS, accepted.arguments)

    def test_nothing_of_it_is_on_the_wire(self) -> None:
        for authenticated in (True, False):
            request = seals.Way(authenticated=authenticated).request()

            wire = json.dumps([request.arguments, request.context])
            for word in 'a door', 'a-user', 'member', seals.KEY:
                self.assertNotIn(word, wire)
            self.assertNotIn('a door', repr(request))
            self.assertNotIn(seals.KEY, repr(request))

    def test_the_newer_form_shows_not_even_the_names(self) -> None:
        request = seals.Way().request()

        self.assertEqual(['sealed'], list(request.arguments))
        self.assertEqual({}, request.context)

    def test_sender_is_whose_key_opened_it(self) -> None:
        for name, sender in (
            *(('guest', 'i1'), ('conductor', 'i1')),
            ('taskmanager', None),
        ):
            for authenticated in (True, False):
                way = seals.Way(
                    **seals.WAYS[name], authenticated=authenticated
                )
                with self.subTest(f'{name} {authenticated}'):
                    accepted = way.accept(way.request())
                    self.assertEqual(sender, accepted.sender)

    def test_control_plane_speaks_to_conductors_for_nobody(self) -> None:
        way = seals.Way(**(seals.WAYS['conductor'] | {'sender': None}))

        self.assertIsNone(way.accept(way.request()).sender)

        way.authenticated = False
        error = self.assertRaises(exception.SealError, way.request)
        self.assertIn('Upgrade them', str(error))

    def test_identifier_and_time_are_there_to_tell_copies(self) -> None:
        way = seals.Way()

        first, second = (way.accept(way.request()) for _ in range(2))

        self.assertNotEqual(first.id, second.id)
        self.assertThat(second.sent, matchers.IsInstance(float))

    def test_any_of_the_keys_opens_it_and_the_answer_is_in_that_one(
        self,
    ) -> None:
        for authenticated in (True, False):
            receiver = fake_keys.Keys('i1', seals.OTHER, seals.KEY)
            way = seals.Way(authenticated=authenticated, receiver=receiver)
            request = way.request()

            answer = way.server.answer(way.accept(request), 'done')

            self.assertEqual('done', way.client.reply(request, answer))
            self.assertEqual([seals.KEY], receiver.used)
            self.assertEqual([authenticated], receiver.sealed)

    def test_key_that_is_new_is_looked_up(self) -> None:
        class Keys(fake_keys.Keys):
            def opening(
                self, interface: str, sender: str | None, fresh: bool = False
            ) -> tuple[str, ...]:
                return (seals.KEY,) if fresh else (seals.OTHER,)

        for authenticated in (True, False):
            way = seals.Way(
                authenticated=authenticated,
                receiver=Keys('i1', seals.OTHER),
            )
            accepted = way.accept(way.request())
            self.assertEqual(seals.ARGUMENTS, accepted.arguments)


class ReleasedVectorsTest(base.TestCase):
    """What released serializers wrote, with their random bytes fixed."""

    def setUp(self) -> None:
        super().setUp()
        here = pathlib.Path(__file__).parent
        path = here.with_name('released_encryption.json')
        self.vectors = json.loads(path.read_text('utf-8'))
        self.useFixture(
            fixtures.MockPatchObject(
                crypto.os,
                'urandom',
                return_value=bytes.fromhex(self.vectors['random']),
            )
        )

    def ways(self) -> Iterator[tuple[seals.Way, dict[str, Any]]]:
        key = self.vectors['key']
        guest = self.vectors['conductor']['context']['csz-instance-id']
        control, own = fake_keys.Keys(None, key), fake_keys.Keys(guest, key)
        for name, form, sender, receiver in (
            ('guest', 'secure', control, own),
            ('taskmanager', 'secure', control, control),
            ('conductor', 'conductor', own, control),
        ):
            values = seals.WAYS[name] | {
                'sender': sender,
                'receiver': receiver,
                'authenticated': False,
            }
            yield seals.Way(**values), self.vectors[form]

    def test_we_write_the_same(self) -> None:
        for way, released in self.ways():
            with self.subTest(way.interface.name):
                request = way.request(
                    self.vectors['arguments'], self.vectors['context']
                )
                self.assertEqual(released['arguments'], request.arguments)
                self.assertEqual(released['context'], request.context)

    def test_we_read_it(self) -> None:
        for way, released in self.ways():
            with self.subTest(way.interface.name):
                accepted = way.server.accept(
                    way.interface,
                    way.peer,
                    way.method,
                    way.version,
                    released['arguments'],
                    released['context'],
                )
                self.assertEqual(
                    self.vectors['arguments'], accepted.arguments
                )
                self.assertEqual(self.vectors['context'], accepted.context)

    def test_results(self) -> None:
        way, released = next(self.ways())
        request = way.request()
        accepted = way.accept(request)

        for name, result in (('result', {'a': [1, None]}), ('none', None)):
            with self.subTest(name):
                self.assertEqual(
                    released[name], way.server.answer(accepted, result)
                )
                self.assertEqual(
                    result, way.client.reply(request, released[name])
                )


class FailureTest(base.TestCase):
    def test_it_is_sealed_and_told_to_the_caller_alone(self) -> None:
        way = seals.Way()
        request = way.request()
        accepted = way.accept(request)

        answer = way.server.failure(accepted, 'NotFound', 'no such door')

        self.assertNotIn('a door', json.dumps(answer))
        error = self.assertRaises(
            sealer.SealedFailure, way.client.reply, request, answer
        )
        self.assertEqual('NotFound', error.class_name)
        self.assertEqual('no such door', error.message)


class AgreementTest(base.TestCase):
    """Who takes what in the clear, and in which form it is sent."""

    def test_without_keys_all_is_in_the_clear(self) -> None:
        way = seals.Way(sender=False, receiver=False)

        request = way.request()

        self.assertEqual(seals.ARGUMENTS, request.arguments)
        accepted = way.accept(request)
        self.assertEqual('clear', accepted.form)
        self.assertEqual(1, way.client.reply(request, 1))
        self.assertEqual(1, way.server.answer(accepted, 1))

    def test_without_keys_what_is_encrypted_is_refused(self) -> None:
        for authenticated in (True, False):
            way = seals.Way(receiver=False, authenticated=authenticated)

            error = self.assertRaises(
                opener.Unopened, way.accept, way.request()
            )

            self.assertIn('enable_secure_rpc_messaging', error.reason)

    def test_with_keys_nothing_in_the_clear_is_taken(self) -> None:
        for name in seals.WAYS:
            way = seals.Way(**(seals.WAYS[name] | {'sender': False}))

            error = self.assertRaises(
                opener.Unopened, way.accept, way.request()
            )

            self.assertEqual('seal', error.cause)
            self.assertIn('not encrypted', error.reason)

    def test_who_has_no_key_by_agreement_is_spoken_to_in_the_clear(
        self,
    ) -> None:
        way = seals.Way(
            sender=fake_keys.Keys(None, clear=True),
            receiver=fake_keys.Keys('i1', seals.KEY, clear=True),
        )

        self.assertEqual('clear', way.accept(way.request()).form)

    def test_what_is_in_the_clear_is_of_the_instance_that_it_names(
        self,
    ) -> None:
        class Keys(fake_keys.Keys):
            def clear_allowed(
                self, interface: str, sender: str | None
            ) -> bool:
                return sender == 'i1'

        way = seals.Way(
            **(
                seals.WAYS['conductor']
                | {'sender': False, 'receiver': Keys(None, seals.KEY)}
            )
        )
        for arguments in (
            {'instance_id': 'i1'},
            {'serialized_notification': {'instance_id': 'i1'}},
        ):
            accepted = way.accept(way.request(arguments))
            self.assertEqual('clear', accepted.form)
        for arguments, cause in (
            ({'instance_id': 'i2'}, 'seal'),
            ({'serialized_notification': {'instance_id': 'i2'}}, 'seal'),
            ({'instance_id': 1}, 'seal'),
            ({}, 'seal'),
            ({'instance_id': 'i' * 5000}, 'form'),
        ):
            error = self.assertRaises(
                opener.Unopened, way.accept, way.request(arguments)
            )
            self.assertEqual(cause, error.cause)

    def test_key_that_cannot_be_had_sends_nothing(self) -> None:
        self.assertRaises(
            exception.SealError,
            seals.Way(sender=fake_keys.Keys(None)).request,
        )

    def test_form_follows_what_the_peer_understands(self) -> None:
        for minimum, authenticated, form in (
            ('released', True, 'sealed'),
            ('released', False, 'released'),
            ('authenticated', True, 'sealed'),
            ('authenticated', False, 'sealed'),
        ):
            way = seals.Way(minimum=minimum, authenticated=authenticated)
            with self.subTest(f'{minimum} {authenticated}'):
                request = way.request()
                self.assertEqual(form, request.form)
                self.assertEqual(form, way.accept(request).form)

    def test_minimum_holds_for_what_comes_and_what_goes(self) -> None:
        clear = fake_keys.Keys(None, clear=True)
        for sender, receiver in ((None, None), (clear, clear)):
            way = seals.Way(
                authenticated=False, sender=sender, receiver=receiver
            )
            request = way.request()

            way.minimum = 'authenticated'

            self.assertRaises(opener.Unopened, way.accept, request)
        self.assertRaises(exception.SealError, way.request)
