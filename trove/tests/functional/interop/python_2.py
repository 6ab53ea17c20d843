# SPDX-License-Identifier: Apache-2.0
"""Lets release 8 do under Python 3 what it did under Python 2.

Run by ``peer.py``, in the environment of the release.
"""

from __future__ import annotations

import gettext
import importlib
from typing import Any

_install = gettext.install


def _install_text(domain: str, *args: Any, unicode: Any = None) -> None:
    _install(domain, *args)


gettext.install = _install_text
try:
    _aes = importlib.import_module('Crypto.Cipher.AES')
except ImportError:
    pass  # Releases from 11 on do without.
else:
    _new = _aes.new

    def _make(key: str | bytes, *args: Any) -> Any:
        # Hexadecimal digits, which were bytes.
        return _new(key.encode() if isinstance(key, str) else key, *args)

    _aes.new = _make  # type: ignore[attr-defined]
