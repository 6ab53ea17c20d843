# SPDX-License-Identifier: Apache-2.0
"""The tests of trove.objects on MariaDB and PostgreSQL.

The unit tests run them on SQLite, where writers wait for each other anyway;
here rows are really locked, and who comes second really waits or fails.
"""

from __future__ import annotations

from trove.tests.fixtures import database
from trove.tests.unit.objects import test_association
from trove.tests.unit.objects import test_configuration
from trove.tests.unit.objects import test_counts
from trove.tests.unit.objects import test_datastore
from trove.tests.unit.objects import test_datastore_version
from trove.tests.unit.objects import test_parameter
from trove.tests.unit.objects import test_quota
from trove.tests.unit.objects import test_replays
from trove.tests.unit.objects import test_root
from trove.tests.unit.objects import test_service
from trove.tests.unit.objects.backup import test_deleting
from trove.tests.unit.objects.backup import test_reports
from trove.tests.unit.objects.backup import test_work
from trove.tests.unit.objects.guest import test_fleet
from trove.tests.unit.objects.guest import test_guest_versions
from trove.tests.unit.objects.guest import test_heartbeats
from trove.tests.unit.objects.instance import test_cancelling
from trove.tests.unit.objects.instance import test_instances
from trove.tests.unit.objects.instance import test_instances_list
from trove.tests.unit.objects.instance import test_pages
from trove.tests.unit.objects.instance import test_rejected_tasks
from trove.tests.unit.objects.instance import test_tasks
from trove.tests.unit.objects.instance import test_workflows
from trove.tests.unit.objects.keys import test_instance_keys
from trove.tests.unit.objects.keys import test_reencryption
from trove.tests.unit.objects.rejected import test_journal

_SUITES = (
    test_association.TestAssociations,
    test_configuration.TestGroups,
    test_reports.TestRecordUpdate,
    test_work.BeginTest,
    test_deleting.DeletionTest,
    test_work.EndTest,
    test_work.ListTest,
    test_counts.CountsTest,
    test_datastore.TestDatastores,
    test_datastore.TestVersions,
    test_datastore_version.TestVersions,
    test_heartbeats.TestCheck,
    test_heartbeats.TestRaces,
    test_heartbeats.TestRecord,
    test_heartbeats.TestTogether,
    test_instances.TestChange,
    test_instances.TestCreate,
    test_instances.TestGet,
    test_instances.TestMarkDeleted,
    test_instance_keys.TestKeys,
    test_pages.TestWork,
    test_parameter.TestParameters,
    test_fleet.TestPeers,
    test_quota.TestCreate,
    test_quota.TestGiveBack,
    test_quota.TestLimits,
    test_quota.TestResize,
    test_instances_list.TestList,
    test_reencryption.TestReencryption,
    test_journal.TestLimits,
    test_journal.TestRejected,
    test_rejected_tasks.TestDropSettled,
    test_rejected_tasks.TestReject,
    test_rejected_tasks.TestReopen,
    test_replays.TestReplays,
    test_root.TestRoot,
    test_service.TestServices,
    test_guest_versions.TestSpoken,
    test_tasks.TestBegin,
    test_tasks.TestDelete,
    test_tasks.TestEnd,
    test_cancelling.TestReset,
    test_tasks.TestUndo,
    test_workflows.TestAdopt,
    test_workflows.TestClaim,
)


def _classes():
    for server in (database.MariaDB, database.PostgreSQL):
        for suite in _SUITES:
            module = suite.__module__.rpartition('test_')[2].capitalize()
            name = f'{suite.__name__}Of{module}On{server.__name__}'
            yield (
                name,
                type(
                    name,
                    (suite,),
                    {'database': server, '__module__': __name__},
                ),
            )


globals().update(_classes())
