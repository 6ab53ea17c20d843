# SPDX-License-Identifier: Apache-2.0
"""Encryption: what released Trove uses, and what we use among ourselves.

*Released* is AES-256 in CBC mode: it hides, but proves nothing, so who can
change a text can change what it says. It is here for the peers that know
nothing else and for ``instances.encrypted_key``. *Authenticated* is
AES-256-GCM under a key derived by HKDF-SHA256 for one purpose: what opens
was sealed by a holder of the key, for that purpose and with that associated
data.

Keys are texts, as operators and files know them. No error here says anything
of a key or of what was to be encrypted.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
import secrets
import string

from cryptography import exceptions as cryptography_exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.kdf import hkdf

from trove.common import exception

#: Length in characters of the keys that are made here: 190 random bits.
KEY_LENGTH = 32

_LETTERS = string.ascii_letters + string.digits
_BLOCK = 16
_NONCE = 12
_TAG = 16

#: How many derived keys are kept; deriving one anew costs some 20 us.
_DERIVED = 16384


class DecryptionError(exception.SealError):
    """A text was not encrypted with this key, or was changed since."""

    message = (
        'it was encrypted with another key, was modified, or is not encrypted'
    )


def generate_key() -> str:
    """Return a new key: 32 letters and digits."""
    return ''.join(secrets.choice(_LETTERS) for _ in range(KEY_LENGTH))


@functools.lru_cache(_DERIVED)
def key_id(key: str) -> str:
    """Return a name for a key, 16 hex digits, that does not give it away."""
    return _derive(key, b'trove key id', 8).hex()


# The released format


def encrypt_released(text: str, key: str) -> str:
    """Encrypt as releases up to 26.0 do.

    :returns: base64 of 16 random bytes and the encrypted text
    """
    iv = os.urandom(_BLOCK)
    padder = padding.PKCS7(8 * _BLOCK).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(_released_cipher(key), modes.CBC(iv)).encryptor()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    return base64.b64encode(iv + encrypted).decode('ascii')


def decrypt_released(encrypted: str, key: str) -> str:
    """Return what :func:`encrypt_released`, or a released peer, encrypted.

    :raises DecryptionError: it cannot be; why is not told, for that would
        help to guess at it
    """
    text, good = decrypt_released_evenly(encrypted, key)
    if not good:
        raise DecryptionError
    return text


def decrypt_released_evenly(encrypted: str, key: str) -> tuple[str, bool]:
    """Decrypt with the same work whether the padding is right or not.

    Who could tell a wrong padding from what comes after it would find out
    what is encrypted, block by block.

    :returns: the text, and whether it is one; if not, it is something as
        long that is to be treated like a text before it is thrown away
    :raises DecryptionError: its length alone says that it is none
    """
    raw = _decode(encrypted)
    if len(raw) < 2 * _BLOCK or len(raw) % _BLOCK:
        raise DecryptionError
    iv, body = raw[:_BLOCK], raw[_BLOCK:]
    decryptor = Cipher(_released_cipher(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(body) + decryptor.finalize()
    unpadder = padding.PKCS7(8 * _BLOCK).unpadder()
    plain, good = padded, True
    try:
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        good = False
    text = plain.decode(errors='replace')
    return text, good and text.encode() == plain


@functools.lru_cache(_DERIVED)
def _released_cipher(key: str) -> algorithms.AES:
    # Hexadecimal digits are the key here, so it has 128 bits at the most.
    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    return algorithms.AES(digest.encode('ascii'))


# Authenticated encryption


def seal(text: str, key: str, purpose: str, associated: bytes) -> str:
    """Encrypt so that any change, of the associated data too, is noticed.

    The nonces are random, so a key is good for 2 to the power of 32 texts:
    a century and more of the messages of a guest.

    :param purpose: what the key is used for; texts sealed for one purpose do
        not open for another
    :param associated: is not in what is returned, and must be the same when
        it is opened
    :returns: base64 of nonce, encrypted text and tag
    """
    nonce = os.urandom(_NONCE)
    cipher = _authenticated_cipher(key, purpose)
    encrypted = cipher.encrypt(nonce, text.encode(), associated)
    return base64.b64encode(nonce + encrypted).decode('ascii')


def unseal(sealed: str, key: str, purpose: str, associated: bytes) -> str:
    """Return what :func:`seal` was given.

    :raises DecryptionError: it was sealed with another key, for another
        purpose or with other associated data, or was changed since
    """
    raw = _decode(sealed)
    if len(raw) < _NONCE + _TAG:
        raise DecryptionError
    cipher = _authenticated_cipher(key, purpose)
    try:
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], associated).decode()
    except (cryptography_exceptions.InvalidTag, ValueError):
        raise DecryptionError from None


@functools.lru_cache(_DERIVED)
def _authenticated_cipher(key: str, purpose: str) -> aead.AESGCM:
    return aead.AESGCM(_derive(key, f'trove {purpose}'.encode(), 32))


def _derive(key: str, info: bytes, length: int) -> bytes:
    return hkdf.HKDF(hashes.SHA256(), length, salt=None, info=info).derive(
        key.encode()
    )


def _decode(text: str) -> bytes:
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise DecryptionError from None
    # Python passes over bits that are left over at the end.
    if binascii.b2a_base64(raw, newline=False).decode('ascii') != text:
        raise DecryptionError
    return raw
