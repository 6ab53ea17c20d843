# SPDX-License-Identifier: Apache-2.0
"""The database as a whole, for services: which it is, whether it works."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import session

#: Say which database it is; see :func:`trove.db.session.configure`.
configure = session.configure

#: Give back what the matching configure() took.
dispose = session.dispose


def ping() -> None:
    """See whether the database answers.

    :raises ServiceUnavailable: it does not
    """
    with session.reader() as db:
        db.execute(sa.select(1))
