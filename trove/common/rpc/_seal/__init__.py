# SPDX-License-Identifier: Apache-2.0
"""Sealed messages.

- ``sealer.py``: what goes encrypted, and in which form
- ``envelope.py``: the sealed form, as it looks on the wire; that of releases
  is in ``_released/encryption.py``
- ``opener.py``: which of those that come in are opened, and how
"""
