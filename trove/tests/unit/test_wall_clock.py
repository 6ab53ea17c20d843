# SPDX-License-Identifier: Apache-2.0
"""Nothing is decided by the clock of a machine: it may be set at any time.

What waits, or measures, takes ``time.monotonic``; ages that several processes
have to agree on are told by the clock of the database, ``objects/clock.py``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trove.tests import base
from trove.tests.unit import import_rules

#: What reads the clock of the machine, by module or class.
WALL = {
    'time': ('time', 'time_ns', 'localtime', 'gmtime'),
    'datetime': ('now', 'utcnow', 'today'),
    'date': ('today',),
    'timeutils': ('utcnow', 'utcnow_ts', 'is_older_than', 'is_newer_than'),
}

#: Who may, how often, and why nothing goes wrong when it is set.
SHOWN = 'people are shown it, and nothing is decided by it'
SLACK = 'a step of an hour is less than the slack that is left'
ALLOWED = {
    'trove/cloud/certificates/base.py': (
        1,
        'the end of a certificate is a time of the world',
    ),
    'trove/cmd/_checks.py': (1, 'it is what is checked'),
    'trove/common/clocks.py': (1, 'it is what tells of a step'),
    'trove/common/rpc/_replays.py': (
        1,
        f'rpc_message_max_age: {SLACK}; what is late has as large a budget',
    ),
    'trove/common/rpc/_seal/envelope.py': (1, f'rpc_message_max_age: {SLACK}'),
    'trove/common/rpc/_rejection.py': (1, SHOWN),
    'trove/guestagent/handover.py': (1, 'a step ends the wait sooner'),
    'trove/guestagent/guest_keys.py': (3, f'rpc_key_overlap: {SLACK}'),
    'trove/guestagent/replays.py': (1, f'remembered for longer: {SLACK}'),
    'trove/guestagent/sealing.py': (2, 'the first of two clocks ends it'),
    'trove/guestagent/log_publishing.py': (
        1,
        'a name; clients go by the times of the object store',
    ),
    'trove/guestagent/datastores/postgresql/series.py': (
        2,
        f'former_data_retention: {SLACK}, and a backup is there by then',
    ),
    'trove/guestagent/modules.py': (1, SHOWN),
    'trove/guestagent/monotonic_time.py': (1, 'read once at the start'),
    'trove/objects/_rows.py': (3, SHOWN),
    'trove/objects/association.py': (2, SHOWN),
    'trove/objects/backup/backups.py': (
        1,
        f'running_backups_expires: {SLACK}',
    ),
    'trove/guestagent/datastores/templates.py': (
        1,
        f'compared with that of a file, a day: {SLACK}',
    ),
    'trove/objects/backup/deleting.py': (
        5,
        f'shown, or signed_lifetime and ten minutes: {SLACK}',
    ),
    'trove/objects/backup/reports.py': (2, SHOWN),
    'trove/objects/backup/work.py': (2, SHOWN),
    'trove/objectstore/_storage.py': (1, f'signed_lifetime: {SLACK}'),
    'trove/objectstore/_storage_swift.py': (2, 'Swift reads the same clock'),
    'trove/objectstore/_storage_s3.py': (2, 'S3 reads the same clock'),
    'trove/objectstore/s3.py': (1, 'S3 reads the same clock'),
    'trove/objects/configuration.py': (2, SHOWN),
    'trove/objects/instance/instances.py': (2, SHOWN),
    'trove/objects/instance/modules.py': (2, SHOWN),
    'trove/objects/keys/instance_keys.py': (2, f'rpc_key_overlap: {SLACK}'),
    'trove/objects/module.py': (2, SHOWN),
    'trove/objects/rejected/recording.py': (1, SHOWN),
    'trove/objects/replays.py': (1, f'remembered for longer: {SLACK}'),
    'trove/objects/root.py': (2, SHOWN),
    'trove/objects/sealing.py': (2, SHOWN),
    'trove/standalone/demo_backups.py': (1, 'all of it is on one machine'),
}
#: The defaults of columns.
SHOWN_ONLY = 'trove/db/models/'


def uses(source: str) -> Iterator[int]:
    """Find the lines that name what reads the clock of the machine."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = getattr(owner, 'id', getattr(owner, 'attr', ''))
            if node.attr in WALL.get(name, ()):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module in WALL:
            for each in node.names:
                if each.name in WALL[node.module]:
                    yield node.lineno


class TestWallClock(base.TestCase):
    measured = False

    def test_each_use_has_a_reason(self) -> None:
        found = {}
        for item in import_rules.modules():
            if item.path.startswith(('trove/tests/', SHOWN_ONLY)):
                continue
            lines = sorted(uses(item.source))
            if lines and len(lines) != ALLOWED.get(item.path, (0,))[0]:
                found[item.path] = lines

        self.assertEqual(
            {},
            found,
            'Take time.monotonic or the clock of the database; or say here '
            'why it may be set to any other time meanwhile.',
        )

    def test_no_reason_is_left_over(self) -> None:
        using = {
            item.path
            for item in import_rules.modules()
            if item.path in ALLOWED and any(uses(item.source))
        }

        self.assertEqual(set(), ALLOWED.keys() - using)

    def test_all_ways_to_read_it_are_found(self) -> None:
        for source in (
            'import time\ntime.time()',
            'def f(clock=time.time): pass',
            'import datetime\ndatetime.datetime.now(datetime.UTC)',
            'from time import time',
            'Column(default=timeutils.utcnow)',
        ):
            with self.subTest(source):
                self.assertEqual(1, len(list(uses(source))))
        self.assertEqual([], list(uses('time.monotonic()')))
