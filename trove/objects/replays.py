# SPDX-License-Identifier: Apache-2.0
"""Ids of sealed messages that were received, for all processes of a topic."""

from __future__ import annotations

import math
import time

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.db import statements


@session.retry
def first(message_id: str, expires: float, token: str | None = None) -> bool:
    """Record a message; return False when it was recorded before.

    :param message_id: at most 64 characters; case may be ignored
    :param expires: when the message is refused for its age, in seconds since
        the epoch; until then it is remembered
    :param token: of the caller, 32 characters: a retry with the same token,
        after the reply of the database was lost, returns the same result
    """
    values = {
        'id': message_id,
        'expires': math.ceil(expires),
        'token': token,
    }
    with session.writer() as db:
        if statements.put_new(db, models.SeenMessage, 'id', values):
            return True
        if token is None:
            return False
        noted = sa.select(models.SeenMessage.token).where(
            models.SeenMessage.id == message_id
        )
        return db.scalar(noted) == token


@session.retry
def purge(now: float | None = None) -> int:
    """Remove expired messages.

    :param now: seconds since the epoch; None: the present
    :returns: the number of removed messages
    """
    limit = math.floor(time.time() if now is None else now)
    with session.writer() as db:
        return statements.execute(
            db,
            sa.delete(models.SeenMessage).where(
                models.SeenMessage.expires < limit
            ),
        )
