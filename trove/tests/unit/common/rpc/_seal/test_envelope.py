# SPDX-License-Identifier: Apache-2.0
"""The sealed form, as it is read before anything of it is decrypted."""

from __future__ import annotations

import json
from typing import Any

from trove.common import crypto
from trove.common.rpc import _message
from trove.common.rpc._released import encryption
from trove.common.rpc._seal import envelope
from trove.tests import base

WRITTEN = {
    'v': 1,
    'for': 'inst',
    'key': '0123456789abcdef',
    'sent': 1700000000.125,
    'id': '0123456789abcdef0123456789abcdef',
    'body': 'YQ==',
}


def binding(instance: str = 'inst') -> envelope.Binding:
    return envelope.Binding(
        'taskmanager', 'restart', '1.4', instance, 'a' * 32, 'the key'
    )


class HeaderTest(base.TestCase):
    def read(self, **values: Any) -> envelope.Header:
        return envelope.Header.read(json.dumps({**WRITTEN, **values}))

    def test_however_it_is_spelled(self) -> None:
        compact = json.dumps(WRITTEN, separators=(',', ':'))

        self.assertEqual(self.read(), envelope.Header.read(compact))
        self.assertEqual(1700000000.125, self.read().sent)

    def test_malformed(self) -> None:
        for name, value in (
            *(('id', 'a' * 31), ('id', 'a' * 33), ('id', 'A' * 32)),
            *(('id', 'g' * 32), ('id', 1), ('id', None)),
            *(('sent', 1), ('sent', '1.0'), ('sent', None)),
            *(('for', None), ('for', 'a' * 5000), ('for', '\u20ac')),
            *(('key', None), ('body', None), ('body', ['a'])),
        ):
            with self.subTest(name, value=str(value)[:40]):
                error = self.assertRaises(
                    _message.Malformed, self.read, **{name: value}
                )
                self.assertIn('malformed header', str(error))

    def test_time_without_end(self) -> None:
        text = json.dumps(WRITTEN).replace('1700000000.125', '1e999')

        self.assertRaises(_message.Malformed, envelope.Header.read, text)

    def test_another_format(self) -> None:
        error = self.assertRaises(_message.Malformed, self.read, v=2)

        self.assertIn('the sender may be newer', str(error))

    def test_escape_in_a_body_is_read_as_json(self) -> None:
        text = json.dumps(WRITTEN, separators=(',', ':'))

        found = envelope.Header.read(text.replace('YQ==', '\\u0059Q=='))

        self.assertEqual('YQ==', found.body)

    def test_name_with_what_json_escapes(self) -> None:
        sealed = binding('a"b\\c').seal('request', {})

        self.assertEqual('a"b\\c', envelope.Header.read(sealed).instance)


class BindingTest(base.TestCase):
    def test_each_part_is_bound(self) -> None:
        header = envelope.Header.read(binding().seal('request', {'a': 1}))
        self.assertEqual({'a': 1}, binding().unseal('request', header))

        for name, value in (
            ('interface', 'conductor'),
            ('method', 'stop'),
            ('version', '1.5'),
            ('instance', 'other'),
            ('id', 'b' * 32),
            ('key', 'another key'),
        ):
            with self.subTest(name):
                other = binding()
                setattr(other, name, value)
                self.assertRaises(
                    crypto.DecryptionError, other.unseal, 'request', header
                )
        self.assertRaises(
            crypto.DecryptionError, binding().unseal, 'reply', header
        )
        header.sent += 1
        self.assertRaises(
            crypto.DecryptionError, binding().unseal, 'request', header
        )

    def test_header_is_that_of_the_message(self) -> None:
        sealed = binding().seal('request', {})
        for name in ('instance', 'id', 'key_id'):
            header = envelope.Header.read(sealed)
            setattr(header, name, 'b' * 32)
            with self.subTest(name):
                self.assertRaises(
                    crypto.DecryptionError, binding().unseal, 'request', header
                )


class KeptTest(base.TestCase):
    """What a record of a rejected message has."""

    def test_sealed_message_says_all_in_its_argument(self) -> None:
        arguments = {envelope.SEALED: 'text'}

        found = envelope.unopened(arguments, {'user': 'u'})

        self.assertEqual((arguments, {}), envelope.kept(found))

    def test_released_one_needs_its_context(self) -> None:
        message = {'name': 'text'}, {encryption.CONTEXT: 'text'}

        self.assertEqual(message, envelope.kept(envelope.unopened(*message)))

    def test_one_that_was_opened(self) -> None:
        self.assertIsNone(envelope.kept({'name': 'n'}))

    def test_one_that_somebody_made_up(self) -> None:
        for made_up in (None, {}, {'arguments': {}}, {'context': []}):
            self.assertRaises(
                _message.Malformed,
                envelope.kept,
                {envelope.UNOPENED: made_up},
            )
