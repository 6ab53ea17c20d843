# SPDX-License-Identifier: Apache-2.0
"""The connection of a service to the database."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import session

#: Set the database; see :func:`trove.db.session.configure`.
configure = session.configure

#: Release the resources of the matching configure().
dispose = session.dispose


def ping() -> None:
    """Check that the database answers.

    :raises ServiceUnavailable: it does not
    """
    with session.reader() as db:
        db.execute(sa.select(1))
