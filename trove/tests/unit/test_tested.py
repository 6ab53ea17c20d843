# SPDX-License-Identifier: Apache-2.0
"""Each module has tests, and it is known which."""

from __future__ import annotations

import ast
import functools
import pathlib

from trove.tests import base
from trove.tests.unit import import_rules

_TROVE = import_rules.TOP / 'trove'
_TESTS = _TROVE / 'tests'

_OPENSTACK = 'unit/cloud/openstack/'

#: Modules, or packages with a dot behind them, that are tested through the
#: door of others: the tests that do it, below ``trove/tests``. Those that a
#: test imports need no line.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    'trove.api.handlers.': ('unit/api/test_declared.py', 'unit/api'),
    'trove.api.schemas.': (
        'unit/api/test_bodies.py',
        'unit/api/test_fates.py',
    ),
    'trove.api.validation': ('unit/api/test_bodies.py',),
    'trove.api.views.': ('unit/api/test_views.py',),
    'trove.api.wsgi': ('unit/api/test_service.py',),
    'trove.cloud.certificates.opening': (
        'unit/cloud/certificates/test_base.py',
    ),
    'trove.cloud.local.machine': ('unit/cloud/test_contract.py',),
    'trove.cloud.openstack.driver': ('unit/cloud/test_contract.py',),
    'trove.cloud.openstack.flavors': (f'{_OPENSTACK}test_compute.py',),
    'trove.cloud.openstack.floating': (f'{_OPENSTACK}test_network.py',),
    'trove.cloud.openstack.groups': (f'{_OPENSTACK}test_compute.py',),
    'trove.cloud.openstack.marks': (f'{_OPENSTACK}test_compute.py',),
    'trove.cloud.openstack.networks': (f'{_OPENSTACK}test_network.py',),
    'trove.cloud.openstack.rules': (f'{_OPENSTACK}test_network.py',),
    'trove.cloud.openstack.servers': (f'{_OPENSTACK}test_compute.py',),
    'trove.cmd._accounts': ('functional/rpc/test_account_commands.py',),
    'trove.cmd._checks': ('unit/cmd/test_status.py',),
    'trove.cmd._files': ('unit/cmd/test_keys.py',),
    'trove.cmd._tables': ('unit/cmd/test_troubles.py',),
    'trove.common.names': ('unit/api/test_names.py',),
    'trove.common.rpc._broker.accounts': (
        'unit/common/test_broker_accounts.py',
        'functional/rpc/test_accounts.py',
    ),
    'trove.common.credentials': ('functional/deployed/test_backups_swift.py',),
    'trove.common.rpc._broker.connection': (
        'unit/common/rpc/_broker/test_waits_connecting.py',
        'functional/rpc/test_settings.py',
    ),
    'trove.common.rpc._broker.memory': ('unit/rehearsal/test_run.py',),
    'trove.common.rpc._client': ('unit/common/rpc/test_calling.py',),
    'trove.common.rpc._fit': ('unit/common/rpc/test_messages.py',),
    'trove.common.rpc._interface': ('unit/common/rpc/test_revisions.py',),
    'trove.common.rpc._released.': ('unit/common/rpc/_released',),
    'trove.common.rpc._settings': ('unit/conf/test_rabbit.py',),
    'trove.common.rpc._transport': ('unit/common/rpc/test_calling.py',),
    'trove.common.rpc._wire': ('unit/common/rpc/test_way.py',),
    'trove.conductor.guest_reports': ('unit/conductor',),
    'trove.conf.': ('unit/conf/test_used.py', 'unit/cmd/test_options.py'),
    'trove.db.models.': ('unit/db/test_models.py',),
    'trove.db.statements': ('unit/objects/instance/test_tasks.py',),
    'trove.db.waits': ('unit/db/test_session.py',),
    'trove.guestagent.agents.fitness': (
        'unit/guestagent/agents/test_packages.py',
    ),
    'trove.guestagent.api.': (
        'unit/guestagent/test_unsupported.py',
        'unit/test_released_interfaces.py',
    ),
    'trove.guestagent.backups_outcome': (
        'unit/guestagent/test_backups_signed.py',
    ),
    'trove.guestagent.datastores.home': (
        'functional/guestagent/test_server.py',
        'functional/guestagent/test_series.py',
    ),
    'trove.guestagent.datastores.verification': (
        'unit/guestagent/test_verifying.py',
    ),
    'trove.guestagent.datastores.mariadb.tools': (
        'unit/guestagent/datastores/mariadb/test_backup.py',
        'unit/guestagent/datastores/mariadb/test_restore.py',
    ),
    'trove.guestagent.datastores.mysql_common.': (
        'functional/guestagent/test_access.py',
        'functional/guestagent/test_mariadb.py',
    ),
    'trove.guestagent.datastores.postgresql.': (
        'functional/guestagent/test_access.py',
        'functional/guestagent/test_deletion.py',
    ),
    'trove.guestagent.datastores.upgrade': (
        'functional/guestagent/test_server.py',
    ),
    'trove.guestagent.module_drivers': ('unit/guestagent/test_modules.py',),
    'trove.guestagent.rejection_texts': (
        'unit/guestagent/test_rejections.py',
    ),
    'trove.objects.troubles': ('unit/cmd/test_troubles.py',),
    'trove.objects._markers': ('unit/api/test_paging.py',),
    'trove.objects.guest._known': ('unit/objects/guest/test_fleet.py',),
    'trove.objects.guest.server_version': ('unit/api/test_instances.py',),
    'trove.objects.guest.trouble': ('unit/conductor/test_trouble.py',),
    'trove.objects.instance._loading': (
        'unit/objects/instance/test_instances.py',
    ),
    'trove.objects.instance._superseded': (
        'unit/objects/instance/test_tasks.py',
    ),
    'trove.cloud.attachments': ('unit/cloud/test_contract.py',),
    'trove.cloud.gone': (f'{_OPENSTACK}test_rebuild.py',),
    'trove.cloud.noop_state': ('unit/cloud/test_noop.py',),
    'trove.cloud.snapshots': ('unit/cloud/openstack/test_snapshots.py',),
    'trove.guestagent.snapshot_orders': (
        'unit/guestagent/test_freezing.py',
    ),
    'trove.guestagent.datastores.volumes': (
        'unit/guestagent/test_freezing.py',
        'functional/guestagent/test_server.py',
    ),
    'trove.objects.keys.database_key': (
        'unit/objects/keys/test_reencryption.py',
    ),
    'trove.objects.owned': ('unit/objects/instance/test_tasks.py',),
    'trove.objects.backup.handover': (
        'unit/taskmanager/workflows/test_eject.py',
    ),
    'trove.objects.backup.registered': (
        'functional/deployed/test_backups_swift.py',
    ),
    'trove.objectstore._account': ('functional/objectstore/test_swift.py',),
    'trove.objectstore._arriving': ('functional/objectstore/test_faults.py',),
    'trove.objectstore._http': ('functional/objectstore/test_faults.py',),
    'trove.objectstore._retry': ('functional/objectstore/test_faults.py',),
    'trove.objectstore._saving': ('functional/objectstore/test_faults.py',),
    'trove.objectstore._storage': (
        'unit/taskmanager/workflows/test_create_backup.py',
    ),
    'trove.objectstore._s3_bucket': ('functional/objectstore/test_s3.py',),
    'trove.objectstore._s3_saving': ('functional/objectstore/test_s3.py',),
    'trove.objectstore._s3_sums': ('functional/objectstore/test_s3.py',),
    'trove.objectstore._storage_s3': ('functional/objectstore/test_s3.py',),
    'trove.objectstore.s3_signed': ('functional/objectstore/test_s3.py',),
    'trove.objectstore._storage_swift': (
        'functional/deployed/test_backups_swift.py',
    ),
    'trove.policies.': (
        'unit/policies/test_policies.py',
        'unit/api/test_declared.py',
    ),
    'trove.rehearsal.': ('unit/rehearsal/test_run.py',),
    'trove.rpcadmin.agent_package': ('unit/rpcadmin/test_guests.py',),
    'trove.rpcadmin.base': ('unit/rpcadmin/test_app.py',),
    'trove.rpcadmin.deployment': ('unit/rpcadmin/test_readiness.py',),
    'trove.rpcadmin.live': ('unit/rpcadmin/test_readiness.py',),
    'trove.standalone.demo': ('functional/test_standalone.py',),
    'trove.standalone.demo_backups': ('functional/test_standalone.py',),
    'trove.standalone.demo_life': ('functional/test_standalone.py',),
    'trove.taskmanager.workflows.': (
        'unit/taskmanager/workflows/test_create.py',
        'unit/taskmanager/workflows/test_resize_flavor.py',
    ),
}


@functools.cache
def modules() -> dict[str, pathlib.Path]:
    """Return the modules of Trove that have a function or a class."""
    found = {}
    for path in sorted(_TROVE.rglob('*.py')):
        inside = path.relative_to(_TROVE)
        if inside.parts[0] == 'tests' or 'migrations' in inside.parts:
            continue
        body = ast.parse(path.read_text('utf-8')).body
        if any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in body):
            name = '.'.join(('trove', *inside.with_suffix('').parts))
            found[name.removesuffix('.__init__')] = path
    return found


@functools.cache
def imported() -> set[str]:
    """Return what any test imports, by dotted name."""
    found = set()
    for path in _TESTS.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text('utf-8'))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f'{node.module}.{each.name}' for each in node.names}
            elif isinstance(node, ast.Import):
                found |= {each.name for each in node.names}
    return found


def has_tests_of_its_own(path: pathlib.Path) -> bool:
    folder = _TESTS / 'unit' / path.parent.relative_to(_TROVE)
    if path.stem == '__init__':
        return any(folder.glob('test_*.py'))
    name = path.stem.lstrip('_')
    return any(folder.glob(f'test_{name}.py')) or any(
        folder.glob(f'test_{name}_*.py')
    )


def line_for(module: str) -> str | None:
    """Return the line of the table that a module is in."""
    if module in ELSEWHERE:
        return module
    package = f'{module.rpartition(".")[0]}.'
    return package if package in ELSEWHERE else None


class TestedTest(base.TestCase):
    measured = False

    def setUp(self) -> None:
        super().setUp()
        known = imported()
        self.others = [
            name
            for name, path in modules().items()
            if name not in known and not has_tests_of_its_own(path)
        ]

    def test_each_module_has_tests(self) -> None:
        missing = [each for each in self.others if line_for(each) is None]

        self.assertEqual(
            [],
            missing,
            'Test each in unit/PACKAGE/test_MODULE.py, or name the tests that '
            'reach it in ELSEWHERE of trove/tests/unit/test_tested.py.',
        )

    def test_no_line_is_left_over(self) -> None:
        needed = {line_for(each) for each in self.others}

        self.assertEqual(
            [],
            sorted(set(ELSEWHERE) - needed),
            'These have tests of their own, or are gone: remove them from '
            'ELSEWHERE in trove/tests/unit/test_tested.py.',
        )

    def test_the_tests_are_there(self) -> None:
        named = {each for tests in ELSEWHERE.values() for each in tests}

        self.assertEqual(
            [],
            sorted(each for each in named if not (_TESTS / each).exists()),
            'Correct ELSEWHERE in trove/tests/unit/test_tested.py.',
        )
