# SPDX-License-Identifier: Apache-2.0
"""Who may import whom, checked on the source of every module."""

from __future__ import annotations

import subprocess
import sys

from trove.tests import base
from trove.tests.unit import import_rules


def module(name: str, source: str) -> import_rules.Module:
    return import_rules.Module(name, name.replace('.', '/') + '.py', source)


class TestImports(base.TestCase):
    """The rules hold in the tree."""

    measured = False

    def test_tree(self) -> None:
        found = [
            text
            for each in import_rules.modules()
            for text in import_rules.violations(each)
        ]

        self.assertEqual('', '\n'.join(found))

    def test_every_package_has_a_rule(self) -> None:
        packages = {
            f'trove.{path.parent.name}'
            for path in (import_rules.TOP / 'trove').glob('*/__init__.py')
        }

        self.assertEqual(
            set(),
            packages
            - set(import_rules.ALLOWED)
            - set(import_rules.MAY_IMPORT_ALL)
            - {'trove.tests'},
        )

    def test_packages_of_objects_re_export_nothing(self) -> None:
        found = [
            item.place
            for each in import_rules.modules()
            if import_rules.below(each.name, 'trove.objects')
            and each.path.endswith('__init__.py')
            for item in each.imports()
        ]

        self.assertEqual([], found, 'Import the module that defines it.')

    def test_guest_agent_loads_no_database_library(self) -> None:
        code = 'import sys, trove.guestagent.service\nprint(*sys.modules)'

        loaded = subprocess.run(
            [sys.executable, '-c', code],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()

        heavy = {*import_rules.NOT_IN_A_GUEST, 'eventlet.hubs'} - {'oslo_db'}
        self.assertEqual(set(), heavy.intersection(loaded))


class TestRules(base.TestCase):
    """Each rule catches what it is for, and no more."""

    def refused(self, name: str, source: str, *texts: str) -> None:
        found = import_rules.violations(module(name, source))
        self.assertEqual(1, len(found), found)
        for text in texts:
            self.assertIn(text, found[0])

    def accepted(self, name: str, source: str) -> None:
        self.assertEqual([], import_rules.violations(module(name, source)))

    def test_message_says_place_rule_and_remedy(self) -> None:
        self.refused(
            'trove.common.log',
            '"""Doc."""\n\nfrom trove.db import session\n',
            'trove/common/log.py:3',
            'trove.common may import of trove only itself',
            'move the shared part',
        )

    def test_layers(self) -> None:
        for name, source in (
            ('trove.conf.api', 'from trove import api'),
            ('trove.guestagent.api', 'from trove.guestagent import manager'),
            ('trove.db.models', 'import trove.objects'),
            ('trove.objects.instance', 'from trove.cloud import base'),
            ('trove.cloud.local', 'from trove.guestagent import service'),
            ('trove.api.app', 'from trove.db import session'),
            ('trove.api.app', 'from trove.taskmanager import manager'),
            ('trove.taskmanager.manager', 'from trove.api import app'),
            ('trove.conductor.manager', 'from trove.cloud import base'),
            ('trove.guestagent.manager', 'from trove.objects import root'),
            ('trove.guestagent.manager', 'from trove.conductor import main'),
            ('trove.policies.base', 'from trove.objects import root'),
            ('trove.cmd.api', 'from trove.tests import base'),
        ):
            with self.subTest(name, source=source):
                self.refused(name, source, 'rove.')

    def test_layers_that_may(self) -> None:
        for name, source in (
            ('trove.common.rpc._caps', 'from trove.common.rpc import _wire'),
            ('trove.guestagent.api', 'from trove.common import rpc'),
            ('trove.guestagent.manager', 'from trove.guestagent import api'),
            ('trove.guestagent.manager', 'from trove.conductor import api'),
            ('trove.objects.instance', 'from trove.db import models'),
            ('trove.api.app', 'from trove.cloud import base'),
            ('trove.api.app', 'from trove.taskmanager import api'),
            ('trove.taskmanager.service', 'from trove import objects'),
            ('trove.cmd.standalone', 'from trove.api import service'),
            ('trove.tests.unit.x', 'from trove.db import session'),
        ):
            with self.subTest(name, source=source):
                self.accepted(name, source)

    def test_relative_import_is_resolved(self) -> None:
        self.refused(
            'trove.objects.root', 'from ..api import app', 'trove.api'
        )

    def test_import_for_types_counts(self) -> None:
        self.refused(
            'trove.db.session',
            'if TYPE_CHECKING:\n    from trove.objects import root\n',
            'session.py:2',
        )

    def test_rpc_below_the_clients(self) -> None:
        self.refused(
            'trove.objects.instance',
            'from trove.common import rpc',
            'sends no messages',
        )

    def test_private_modules(self) -> None:
        source = 'from trove.common.rpc import _caps'
        self.refused('trove.api.app', source, 'private to trove.common.rpc')
        self.refused('trove.tests.unit.api.test_app', source, 'private')
        self.accepted('trove.tests.unit.common.rpc.test_caps', source)
        self.accepted('trove.api.app', 'from trove.common import __init__')

    def test_a_driver_of_a_cloud_is_behind_the_seam(self) -> None:
        for source in (
            'import openstack',
            'from openstack import exceptions',
            'from trove.cloud import openstack',
        ):
            self.refused('trove.taskmanager.x', source, 'trove.cloud.base')
            self.accepted('trove.cloud.openstack.x', source)

    def test_import_inside_a_function(self) -> None:
        self.refused(
            'trove.tests.unit.x',
            'class A:\n    def f(self):\n        from trove import db\n',
            'inside functions',
        )
        self.accepted('trove.api.app', 'def f():\n    import psycopg\n')

    def test_oslo_service(self) -> None:
        source = 'from oslo_service import service'
        self.refused('trove.cmd.api', source, 'threading backend')
        self.accepted('trove.common.service', source)

    def test_database_library_in_a_guest(self) -> None:
        source = 'from sqlalchemy import orm'
        self.refused('trove.guestagent.manager', source, 'stays small')
        self.refused('trove.common.context', source, 'stays small')
        self.accepted('trove.db.models', source)
        self.accepted('trove.conf.database', 'from oslo_db import options')

    def test_global_conf(self) -> None:
        source = 'from oslo_config import cfg\nCONF = cfg.CONF\n'
        self.refused('trove.api.app', source, 'app.py:2', 'take conf as')
        self.refused(
            'trove.db.session',
            'from oslo_config.cfg import CONF',
            'take conf as',
        )
        self.accepted('trove.cmd.api', source)
