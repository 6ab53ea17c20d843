# SPDX-License-Identifier: Apache-2.0
"""Which certificate an instance was given, in the columns of release 26."""

from __future__ import annotations

from trove.db import session
from trove.objects import _rows


def known(mode: str | None) -> str | None:
    """Return the mode that is recorded for one that a guest tells."""
    return None if mode == 'builtin' else mode


@session.retry
def record(
    instance_id: str, mode: str | None, reference: str | None
) -> None:
    """Record the mode and the reference of the certificate.

    :param reference: no secret; who reads it needs access to the store
    """
    with session.writer() as db:
        row = _rows.lock(db, instance_id)
        if row is not None:
            row.ssl_mode = mode
            row.ssl_ref = reference
