# SPDX-License-Identifier: Apache-2.0
"""``trove-guestagent`` runs in a small machine that is not ours."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import fixtures

from trove.guestagent.datastores import registry
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

#: What takes longer to import than the database takes to be begun.
_SLOW = (
    'cryptography',
    'oslo_messaging',
    'packaging',
    'psycopg',
    'pymysql',
    'yaml',
)

_EARLY = f"""
import sys
from oslo_config import cfg
from trove import conf
from trove.cmd import guestagent
from trove.guestagent import early

conf.register_opts(cfg.CONF)
cfg.CONF(sys.argv[1:])
early.begin(cfg.CONF)
print([name for name in {_SLOW} if name in sys.modules])
"""

#: Client libraries of databases, of which an agent needs one, and what only
#: the check of an agent to be installed needs.
_OTHERS = ('packaging', 'psycopg', 'pymysql')

_ALL = f"""
import sys
from oslo_config import cfg
from trove import conf
from trove.guestagent import service
from trove.guestagent.datastores import registry

conf.register_opts(cfg.CONF)
cfg.CONF(sys.argv[1:])
registry.load(cfg.CONF)
print([name for name in {_OTHERS} if name in sys.modules])
"""

_OPTIONS = """
[DEFAULT]
datastore_manager = {datastore}
[guestagent]
data_dir = {directory}/data
initialize_early = true
state_dir = {directory}/state
[{datastore}]
bin_dir = {directory}/none
"""


class ImportTest(base.TestCase):
    def imported(self, program: str, datastore: str | None = None) -> str:
        """Return what a program prints of the modules that it has loaded.

        :param datastore: that its options name
        """
        arguments = []
        if datastore is not None:
            directory = self.useFixture(fixtures.TempDir()).path
            path = pathlib.Path(directory, 'options')
            path.write_text(
                _OPTIONS.format(datastore=datastore, directory=directory)
            )
            arguments = ['--config-file', str(path)]
        done = subprocess.run(
            [sys.executable, '-c', program, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def test_nothing_heavy_is_loaded(self) -> None:
        self.assertEqual('[]', self.imported(_PROGRAM))

    def test_the_database_is_begun_before_the_rest_is_loaded(self) -> None:
        for datastore in registry.DRIVERS:
            self.assertEqual('[]', self.imported(_EARLY, datastore))

    def test_what_it_does_not_need_is_not_loaded(self) -> None:
        for datastore in registry.DRIVERS:
            client = 'psycopg' if datastore == 'postgresql' else 'pymysql'
            self.assertEqual(
                str([client]), self.imported(_ALL, datastore), datastore
            )
