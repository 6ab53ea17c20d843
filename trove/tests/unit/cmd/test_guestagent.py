# SPDX-License-Identifier: Apache-2.0
"""``trove-guestagent`` runs in a small machine that is not ours."""

from __future__ import annotations

import subprocess
import sys

from trove.tests import base

#: Too heavy for a guest, or none of its business.
_FORBIDDEN = (
    'alembic',
    'eventlet',
    'falcon',
    'keystoneauth1',
    'keystonemiddleware',
    'oslo_policy',
    'sqlalchemy',
    'trove.api',
    'trove.cloud',
    'trove.db',
    'trove.objects',
)

_PROGRAM = f"""
import sys
import trove.cmd.guestagent
import trove.guestagent.service
import trove.conf
from oslo_config import cfg
trove.conf.register_opts(cfg.ConfigOpts())
print([name for name in {_FORBIDDEN} if sys.modules.get(name)])
"""

_EARLY = """
import sys
import trove.cmd.guestagent
print([n for n in ('oslo_messaging', 'psycopg') if n in sys.modules])
"""


class ImportTest(base.TestCase):
    def imported(self, program: str) -> str:
        done = subprocess.run(
            [sys.executable, '-c', program],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def test_nothing_heavy_is_loaded(self) -> None:
        self.assertEqual('[]', self.imported(_PROGRAM))

    def test_the_database_is_begun_before_the_rest_is_loaded(self) -> None:
        self.assertEqual('[]', self.imported(_EARLY))
