# SPDX-License-Identifier: Apache-2.0
"""What ``mysql_native_password`` stores: SHA-1 twice, without a salt."""

from __future__ import annotations

import hashlib


def verifier(password: str) -> str:
    """Return what the server stores of a password."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    twice = hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()
    return f'*{twice}'
