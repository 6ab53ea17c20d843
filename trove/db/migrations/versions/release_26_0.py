# SPDX-License-Identifier: Apache-2.0
"""The database of release 26.0.

It bears the revision of that release, so that a database made by it is
taken as one where this step was run.
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
