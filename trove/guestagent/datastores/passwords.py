# SPDX-License-Identifier: Apache-2.0
"""Generated passwords."""

from __future__ import annotations

import secrets
import string

_CHARACTERS = string.ascii_letters + string.digits


def generate(length: int) -> str:
    """Return a random password of letters and digits."""
    return ''.join(secrets.choice(_CHARACTERS) for _ in range(length))
