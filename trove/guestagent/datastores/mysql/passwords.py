# SPDX-License-Identifier: Apache-2.0
"""How MySQL keeps a password: by ``caching_sha2_password``.

What it stores is SHA-crypt with SHA-256, by a longer salt than that of
https://www.akkadia.org/drepper/SHA-crypt.txt: ``$A$005$``, in hexadecimal the
thousands of rounds, 20 characters of salt, and the digest. Made here, a
password is in no statement and so in no log.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from trove.guestagent.datastores.mysql_common import native

PLUGIN: Final = 'caching_sha2_password'

_ROUNDS: Final = 5000
_SALT_LENGTH: Final = 20
_ALPHABET: Final = (
    './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
)
#: Of MySQL before 8.0.
_OLD_PLUGIN: Final = 'mysql_native_password'


def identified_natively(password: str) -> str:
    """Return the clause for a MySQL that has nothing better."""
    return f"IDENTIFIED WITH {_OLD_PLUGIN} AS '{native.verifier(password)}'"


def identified(password: str) -> str:
    """Return the clause that gives a user a password, without it."""
    salt = ''.join(secrets.choice(_ALPHABET) for _ in range(_SALT_LENGTH))
    return f"IDENTIFIED WITH {PLUGIN} AS '{verifier(password, salt)}'"


def verifier(password: str, salt: str) -> str:
    """Return what the server stores of a password."""
    found = _digest(password.encode(), salt.encode())
    return f'$A${_ROUNDS // 1000:03X}${salt}{_encode(found)}'


def _digest(password: bytes, salt: bytes) -> bytes:
    length = len(password)
    inner = _sha256(password + salt + password)
    text = password + salt + _repeat(inner, length)
    bits = length
    while bits:
        text += inner if bits & 1 else password
        bits >>= 1
    digest = _sha256(text)
    password = _repeat(_sha256(password * length), length)
    salt = _repeat(_sha256(salt * (16 + digest[0])), len(salt))
    for number in range(_ROUNDS):
        odd = number % 2 == 1
        digest = _sha256(
            (password if odd else digest)
            + (salt if number % 3 else b'')
            + (password if number % 7 else b'')
            + (digest if odd else password)
        )
    return digest


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _repeat(data: bytes, length: int) -> bytes:
    return (data * (length // len(data) + 1))[:length]


def _encode(digest: bytes) -> str:
    """Encode three bytes as four letters, in the order of SHA-crypt."""
    text = ''
    group = [0, 10, 20]
    for _ in range(10):
        high, middle, low = (digest[place] for place in group)
        text += _letters(high << 16 | middle << 8 | low, 4)
        group = [(place + 21) % 30 for place in group]
    return text + _letters(digest[31] << 8 | digest[30], 3)


def _letters(number: int, count: int) -> str:
    return ''.join(
        _ALPHABET[number >> 6 * place & 63] for place in range(count)
    )
