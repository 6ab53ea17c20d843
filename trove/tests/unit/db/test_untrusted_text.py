# SPDX-License-Identifier: Apache-2.0
"""Text of untrusted origin is stored without unprintable characters.

Each column with text has that type, or is named here with its writer.
"""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.db.models import base as models_base
from trove.tests.unit.objects import base

HOSTILE = 'x\n1999 ERROR\r\x1b[2J\x9b31m\u202e\u2028\x85\v\f'

#: Tables of releases that nothing is written into.
UNUSED = {
    *('capabilities', 'capability_overrides', 'clusters', 'configurations'),
    *('configuration_parameters', 'datastore_configuration_parameters'),
    *('datastore_version_metadata', 'dns_records', 'instance_modules'),
    *('modules', 'security_group_instance_associations', 'backup_strategy'),
    *('security_group_rules', 'security_groups', 'service_images'),
    'usage_events',
}

CODE = 'one of the words of this tree'
SCHEMA = 'a schema of the API has checked it'
OPERATOR = 'an operator types it, at a terminal of his own'
ENCRYPTED = 'encrypted, or a digest'
JSON = 'JSON in ASCII: what cannot be seen is spelled'
CLOUD = 'read from the cloud, as it was asked for'
TIME = 'a time in the form of ISO 8601; nothing else is taken'

#: Why the other columns need no care.
OTHERS = {
    'backup_logs.complete': TIME,
    'backup_schedules.container': SCHEMA,
    'backup_schedules.storage_driver': OPERATOR,
    'backup_verifications.state': CODE,
    'backups.name': SCHEMA,
    'backups.description': SCHEMA,
    'backups.storage_driver': OPERATOR,
    'datastore_versions.image_tags': OPERATOR,
    'datastore_versions.manager': OPERATOR,
    'datastore_versions.name': OPERATOR,
    'datastore_versions.packages': OPERATOR,
    'datastore_versions.registry_ext': OPERATOR,
    'datastore_versions.repl_strategy': OPERATOR,
    'datastore_versions.version': OPERATOR,
    'datastores.name': OPERATOR,
    'guest_probes.token': CODE,
    'instance_keys.next_key': ENCRYPTED,
    'instance_keys.previous_key': ENCRYPTED,
    'instances.access': JSON,
    'instances.encrypted_key': ENCRYPTED,
    'instances.name': SCHEMA,
    'instances.ssl_mode': CODE,
    'instances.ssl_ref': CODE,
    'instances.task_description': CODE,
    'instances.type': CODE,
    'log_series.container': SCHEMA,
    'log_series.latest': TIME,
    'log_series.storage_driver': OPERATOR,
    'quota_usages.resource': CODE,
    'quotas.resource': CODE,
    'reapplied_modules.after': CODE,
    'reapplied_modules.md5': ENCRYPTED,
    'reapplied_modules.ordered_by': CODE,
    'reservations.status': CODE,
    'rpc_rejected.arguments': JSON,
    'rpc_rejected.sealed': ENCRYPTED,
    'rpc_rejected.state': CODE,
    'rpc_rejected.task': JSON,
    'rpc_replays.token': CODE,
    'services.binary': CODE,
    'services.rpc_versions': JSON,
    'workflows.action': CODE,
    'workflows.details': JSON,
    'workflows.state': CODE,
}


def columns():
    """All columns with texts, but keys, of tables that are written into."""
    for table in models.Base.metadata.sorted_tables:
        for column in table.columns:
            if (
                table.name not in UNUSED
                and isinstance(
                    column.type, (sa.String, models_base.UntrustedText)
                )
                and not column.primary_key
            ):
                yield column


def is_said(column):
    return isinstance(column.type, models_base.UntrustedText)


def anything(column, text):
    """A value that a column takes."""
    if is_said(column):
        return text
    kind = column.type.python_type
    if kind is datetime.datetime:
        return datetime.datetime(2027, 1, 1)
    return kind(1) if kind is not str else '1'


class SaidTest(base.TestCase):
    def test_each_text_is_made_safe_or_nobody_else_says_it(self):
        left = {
            str(column)
            for column in columns()
            if not is_said(column)
            # Looked up by it, as the key of another row.
            and not (
                column.name.endswith('_id')
                or str(column) == 'instances.region_id'
            )
        }

        self.assertEqual(set(OTHERS), left)

    def test_nothing_else_gets_into_a_table(self):
        tables = {column.table for column in columns() if is_said(column)}
        self.assertGreater(len(tables), 8)
        for table in tables:
            with session.writer() as db:
                db.execute(sa.text('PRAGMA defer_foreign_keys = ON'))
                db.execute(table.delete())
                db.execute(
                    table.insert().values(
                        {
                            each.name: anything(each, HOSTILE)
                            for each in table.columns
                        }
                    )
                )
                [row] = db.execute(sa.select(table)).mappings()
                for column in filter(is_said, table.columns):
                    said = row[column.name]
                    if column.type.lines:
                        said = said.replace('\n', '')
                    self.assertTrue(said.isprintable(), column)
                    self.assertLessEqual(
                        len(said), column.type.impl.length or 10_000
                    )
                db.rollback()

    def test_it_is_found_by_what_was_said(self):
        table = models.Service.__table__
        with session.writer() as db:
            db.add(models.Service(binary='b', host=HOSTILE))
            db.flush()
            found = db.scalars(
                sa.select(models.Service).where(table.c.host == HOSTILE)
            ).all()

        self.assertEqual(1, len(found))
        self.assertIn(r'\x1b[2J', found[0].host)
