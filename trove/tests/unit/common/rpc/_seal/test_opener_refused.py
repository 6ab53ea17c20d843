# SPDX-License-Identifier: Apache-2.0
"""Messages that were changed, moved, copied or forged: none is read."""

from __future__ import annotations

import base64
import json
from typing import Any

import hypothesis
from hypothesis import strategies

from trove.common import exception
from trove.common.rpc._seal import sealer
from trove.tests.fixtures import keys as fake_keys
from trove.tests.unit.common.rpc import seals


class RefusedTest(seals.SealTestCase):
    def test_anywhere_else_than_it_was_sent_to(self) -> None:
        for name in seals.WAYS:
            way = seals.Way(**seals.WAYS[name])
            request = way.request()
            for other in (
                {'method': 'rotate_key'},
                {'version': '1.0'},
                {'interface': seals.interface('another')},
            ):
                with self.subTest(f'{name} {other}'):
                    self.assertRefused(way, request, **other)

    def test_for_another_instance_even_with_the_same_key(self) -> None:
        way = seals.Way()

        reason = self.assertRefused(way, way.request(), peer='i2')

        self.assertIn('another instance', reason)

    def test_in_the_name_of_another_instance(self) -> None:
        way = seals.Way(**seals.WAYS['conductor'])
        request = way.request()
        text = request.arguments['sealed'].replace('"i1"', '"i2"')

        self.assertRefused(way, request, arguments={'sealed': text})

    def test_reply_as_request_and_request_as_reply(self) -> None:
        way = seals.Way()
        request = way.request()
        answer = way.server.answer(way.accept(request), 'door')

        self.assertRefused(way, request, arguments=answer)
        self.assertRaises(
            exception.SealError, way.client.reply, request, request.arguments
        )

    def test_reply_to_another_request(self) -> None:
        way = seals.Way()
        asked, other = way.request(), way.request()
        answer = way.server.answer(way.accept(other), 'done')

        error = self.assertRaises(
            exception.SealError, way.client.reply, asked, answer
        )

        self.assertIn('may have carried out paint', str(error))

    @hypothesis.given(strategies.data())
    def test_any_changed_bit(self, data: strategies.DataObject) -> None:
        way = seals.Way(
            **seals.WAYS[
                data.draw(strategies.sampled_from(sorted(seals.WAYS)))
            ]
        )
        request = way.request()
        text = bytearray(request.arguments['sealed'].encode())
        bit = data.draw(strategies.integers(0, 4000)) % (8 * len(text))
        text[bit // 8] ^= 1 << bit % 8
        changed = text.decode('latin-1')

        self.assertRefused(way, request, arguments={'sealed': changed})

    @hypothesis.given(strategies.data())
    def test_any_changed_bit_of_a_reply(
        self, data: strategies.DataObject
    ) -> None:
        way = seals.Way()
        request = way.request()
        answer = way.server.answer(way.accept(request), 'done')
        text = bytearray(answer['sealed'].encode())
        bit = data.draw(strategies.integers(0, 4000)) % (8 * len(text))
        text[bit // 8] ^= 1 << bit % 8

        self.assertRaises(
            exception.SealError,
            way.client.reply,
            request,
            {'sealed': text.decode('latin-1')},
        )

    @hypothesis.given(seals.JSON | strategies.text())
    def test_anything_in_the_place_of_the_seal(self, value: Any) -> None:
        way = seals.Way()

        for sealed in value, json.dumps(value):
            self.assertRefused(
                way, way.request(), arguments={'sealed': sealed}
            )

    def test_json_that_is_too_deep(self) -> None:
        way = seals.Way()

        self.assertRefused(
            way, way.request(), arguments={'sealed': '[' * 100_000}
        )

    def test_context_beside_the_seal(self) -> None:
        way = seals.Way()

        self.assertRefused(way, way.request(), context={'is_admin': True})

    def test_wrong_key_in_every_form(self) -> None:
        for name in seals.WAYS:
            for authenticated in (True, False):
                way = seals.Way(
                    **seals.WAYS[name], authenticated=authenticated
                )
                way.server = sealer.Sealer(
                    fake_keys.Keys('i1', seals.OTHER), lambda: 'released'
                )
                with self.subTest(f'{name} {authenticated}'):
                    reason = self.assertRefused(way, way.request())
                    self.assertIn('does not decrypt with any key', reason)

    def test_reply_in_the_clear(self) -> None:
        for authenticated in (True, False):
            way = seals.Way(authenticated=authenticated)
            request = way.request()
            for forged in (True, None, 'yes', {'sealed': 1}, {}, [1]):
                with self.subTest(f'{authenticated} {forged}'):
                    self.assertRaises(
                        exception.SealError, way.client.reply, request, forged
                    )


class ReleasedFormTest(seals.SealTestCase):
    """What is particular to it."""

    def way(self, name: str = 'guest', **values: Any) -> seals.Way:
        return seals.Way(**seals.WAYS[name], authenticated=False, **values)

    def test_method_that_came_with_the_newer_form_is_not_taken_in_it(
        self,
    ) -> None:
        # For parts of messages can be put together anew in this form.
        way = self.way(method='rotate_key')

        reason = self.assertRefused(way, way.request({'key': 'a door'}))

        self.assertIn('no version sends', reason)

    def test_parts_of_two_instances(self) -> None:
        way = self.way('conductor')
        request = way.request()
        mixed = dict(request.arguments)
        mixed['what'] = mixed['what'].replace('i1', 'i2')

        self.assertRefused(way, request, arguments=mixed)

    def test_message_that_names_nobody(self) -> None:
        way = self.way('conductor')
        request = way.request()
        context = {'context': request.context['context']}

        self.assertRefused(way, request, context=context)

    def test_argument_in_the_clear_among_others(self) -> None:
        way = self.way()
        request = way.request()

        for value in ('door', 1, None, base64.b64encode(bytes(48)).decode()):
            mixed = request.arguments | {'what': value}
            self.assertRefused(way, request, arguments=mixed)

    def test_it_has_no_way_to_hide_a_failure(self) -> None:
        way = self.way()
        accepted = way.accept(way.request())

        self.assertIsNone(way.server.failure(accepted, 'NotFound', 'no door'))
