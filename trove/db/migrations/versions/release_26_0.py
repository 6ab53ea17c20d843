# SPDX-License-Identifier: Apache-2.0
"""The database of release 26.0.

Has the revision id of that release, so that this migration counts as done in
a database which that release created.
"""

from __future__ import annotations

from trove.db.migrations.release_26_0 import datastores
from trove.db.migrations.release_26_0 import instances
from trove.db.migrations.release_26_0 import unused

revision = '95418fe2a1c8'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    datastores.create()
    instances.create()
    unused.create()
