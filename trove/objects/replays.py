# SPDX-License-Identifier: Apache-2.0
"""Which sealed messages were taken already, for all processes of a topic."""

from __future__ import annotations

import math
import time

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.db import statements


@session.retry
def first(message_id: str, expires: float, token: str | None = None) -> bool:
    """Take note of a message; False when it was noted before.

    :param message_id: 64 characters at most; lower and upper case may count
        as the same
    :param expires: when the message is refused for its age, in seconds since
        the epoch; until then it is remembered
    :param token: of whoever asks, 32 characters: asked again with the same
        one, because the answer got lost, it says the same again
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
    """Forget messages that have expired.

    :param now: in seconds since the epoch; by default it is now
    :returns: how many
    """
    limit = math.floor(time.time() if now is None else now)
    with session.writer() as db:
        return statements.execute(
            db,
            sa.delete(models.SeenMessage).where(
                models.SeenMessage.expires < limit
            ),
        )
