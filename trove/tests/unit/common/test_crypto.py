# SPDX-License-Identifier: Apache-2.0
"""Encryption, against what released Trove has encrypted, and changed texts."""

from __future__ import annotations

import base64
import json
import pathlib
from typing import Any

import fixtures
import hypothesis
from hypothesis import strategies

from trove.common import crypto
from trove.tests import base

#: Made by the serializers of these releases, with their random bytes fixed.
VECTORS: dict[str, Any] = json.loads(
    (pathlib.Path(__file__).parent / 'rpc' / 'released_encryption.json')
    .read_text('utf-8')
)

KEY = 'K' * 32
OTHER = 'L' * 32

TEXTS = strategies.text(
    alphabet=strategies.characters(exclude_categories=['Cs']), max_size=200
)


class ReleasedTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cases = {
            VECTORS['secure']['arguments'][name]: json.dumps(value)
            for name, value in VECTORS['arguments'].items()
        }

    def test_what_releases_encrypted_is_read(self) -> None:
        for encrypted, text in self.cases.items():
            with self.subTest(text):
                self.assertEqual(
                    json.loads(text),
                    json.loads(
                        crypto.decrypt_released(encrypted, VECTORS['key'])
                    ),
                )

    def test_it_is_encrypted_to_the_same_bytes(self) -> None:
        self.useFixture(
            fixtures.MockPatchObject(
                crypto.os,
                'urandom',
                return_value=bytes.fromhex(VECTORS['random']),
            )
        )

        for encrypted, text in self.cases.items():
            with self.subTest(text):
                self.assertEqual(
                    encrypted, crypto.encrypt_released(text, VECTORS['key'])
                )

    def test_key_of_an_instance_is_read_as_releases_stored_it(self) -> None:
        self.assertEqual(
            VECTORS['stored_text'],
            crypto.decrypt_released(
                VECTORS['stored'], VECTORS['stored_key']
            ),
        )

    @hypothesis.given(TEXTS)
    def test_any_text_comes_back(self, text: str) -> None:
        encrypted = crypto.encrypt_released(text, KEY)

        self.assertEqual(text, crypto.decrypt_released(encrypted, KEY))

    def test_what_was_not_encrypted_is_refused_without_a_word_of_it(
        self,
    ) -> None:
        block = base64.b64encode(bytes(32)).decode()
        for text in ('', 'sesame', 'sesame==', '\u20ac', 'AAAA', block):
            with self.subTest(text):
                error = self.assertRaises(
                    crypto.DecryptionError, crypto.decrypt_released, text, KEY
                )
                self.assertNotIn('sesame', str(error))
                self.assertNotIn(KEY, str(error))


class AuthenticatedTest(base.TestCase):
    @hypothesis.given(TEXTS, strategies.binary(max_size=50))
    def test_any_text_comes_back(self, text: str, associated: bytes) -> None:
        sealed = crypto.seal(text, KEY, 'a test', associated)

        self.assertEqual(
            text, crypto.unseal(sealed, KEY, 'a test', associated)
        )

    def test_two_of_the_same_look_different(self) -> None:
        self.assertNotEqual(
            crypto.seal('text', KEY, 'a test', b''),
            crypto.seal('text', KEY, 'a test', b''),
        )

    @hypothesis.given(strategies.data())
    def test_any_changed_bit_is_noticed(
        self, data: strategies.DataObject
    ) -> None:
        raw = bytearray(
            base64.b64decode(crypto.seal('the text', KEY, 'a test', b'it'))
        )
        bit = data.draw(strategies.integers(0, 8 * len(raw) - 1))
        raw[bit // 8] ^= 1 << bit % 8
        changed = base64.b64encode(raw).decode()

        self.assertRaises(
            crypto.DecryptionError,
            crypto.unseal,
            changed,
            KEY,
            'a test',
            b'it',
        )

    def test_all_that_it_is_bound_to_counts(self) -> None:
        sealed = crypto.seal('the text', KEY, 'a test', b'it')

        for key, purpose, associated in (
            (OTHER, 'a test', b'it'),
            (KEY, 'another test', b'it'),
            (KEY, 'a test', b'something else'),
        ):
            with self.subTest(f'{key} {purpose} {associated!r}'):
                self.assertRaises(
                    crypto.DecryptionError,
                    crypto.unseal,
                    sealed,
                    key,
                    purpose,
                    associated,
                )

    def test_what_is_too_short_or_no_base64_is_refused(self) -> None:
        for text in ('', 'AAAA', 'no base64', '\u20ac', 'A' * 36):
            with self.subTest(text):
                self.assertRaises(
                    crypto.DecryptionError,
                    crypto.unseal,
                    text,
                    KEY,
                    'a test',
                    b'',
                )

    def test_the_other_format_does_not_open(self) -> None:
        released = crypto.encrypt_released('the text', KEY)

        self.assertRaises(
            crypto.DecryptionError, crypto.unseal, released, KEY, 'a test', b''
        )


class KeyTest(base.TestCase):
    def test_generated_ones_are_as_released_guests_take_them(self) -> None:
        keys = {crypto.generate_key() for _ in range(100)}

        self.assertEqual(100, len(keys))
        for key in keys:
            self.assertRegex(key, r'\A[A-Za-z0-9]{32}\Z')

    def test_the_name_of_a_key_tells_them_apart_and_nothing_more(
        self,
    ) -> None:
        self.assertEqual(crypto.key_id(KEY), crypto.key_id(KEY))
        self.assertNotEqual(crypto.key_id(KEY), crypto.key_id(OTHER))
        self.assertRegex(crypto.key_id(KEY), r'\A[0-9a-f]{16}\Z')
