# SPDX-License-Identifier: Apache-2.0
"""What trove-status upgrade check says of the peers and their versions."""

from __future__ import annotations

import datetime

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import service as services
from trove.tests.unit.cmd import checks
from trove.tests.unit.cmd.checks import FAILURE
from trove.tests.unit.cmd.checks import LATEST
from trove.tests.unit.cmd.checks import SUCCESS
from trove.tests.unit.cmd.checks import WARNING


class ReadinessTest(checks.TestCase):
    def test_services_of_one_kind_that_speak_different_versions(self):
        self.use()
        services.report(
            'trove-taskmanager', 'a', {'taskmanager': '1.1'}, '27.0.0'
        )
        services.report(
            'trove-taskmanager',
            f'{services.UNREGISTERED} 1.0/victoria',
            {'taskmanager': '1.0/victoria'},
            '27.0.0',
        )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Versions of services',
            WARNING,
            '1.0/victoria: (unregistered) 1.0/victoria; 1.1: a',
            'are sent 1.0/victoria until',
            'upgraded or stopped',
        )

    def test_services_of_the_same_versions_are_not_mixed(self):
        self.use()
        for host in 'ab':
            services.report(
                'trove-conductor', host, {'conductor': '1.1'}, '27.0.0'
            )

        self.check()

        self.assertFound('Versions of services', SUCCESS)

    def test_guests_of_which_little_is_known_are_counted_and_named(self):
        self.use()
        self.guest('old', '1.0 probed')
        self.guest('current', f'{LATEST} 27.0.0')
        self.guest('behind', '1.1 probed')
        self.guest('strange', 'icehouse')
        self.guest('deleted', '1.0', deleted=True)
        self.add(models.Instance(id='silent', encrypted_key='x'))

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Guest agents',
            WARNING,
            '3 of 5',
            'old (1.0)',
            'silent (unknown)',
            'strange (icehouse)',
            'trove-rpc peers',
        )

    def test_peers_below_the_floor_are_a_failure(self):
        self.use()
        self.guest('ancient', '0.9 1.0.0')
        self.guest('current', f'{LATEST} 27.0.0')
        services.report(
            'trove-conductor', 'old', {'conductor': '0.1'}, '27.0.0'
        )

        self.assertEqual(FAILURE, self.check())

        self.assertFound(
            'Peers below the floor',
            FAILURE,
            '1 guest agents',
            'ancient (0.9)',
            '1 conductors',
            'old (0.1)',
            f'1.0 to {LATEST}',
            'Upgrade them',
        )
        self.assertFound('Guest agents', SUCCESS)

    def test_guests_that_do_not_report_are_named(self):
        self.use()
        self.guest('current', f'{LATEST} 27.0.0')
        self.guest('fell-silent', f'{LATEST} 27.0.0')
        self.add(models.Instance(id='never', encrypted_key='x'))
        with session.writer() as db:
            db.execute(
                sa.update(models.AgentHeartbeat)
                .filter_by(instance_id='fell-silent')
                .values(
                    updated_at=timeutils.utcnow() - datetime.timedelta(days=1)
                )
            )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Guest agents not heard of',
            WARNING,
            '1 guest agents never reported: never.',
            '1 guest agents have not reported for 90 seconds: fell-silent.',
            'Start them, or delete',
        )

    def test_old_pin_is_a_warning(self):
        self.use()
        self.write(self.url, pin='victoria')

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Pinned RPC versions',
            WARNING,
            '[upgrade_levels] guestagent is victoria',
            'No current peer',
            'auto',
        )
        self.write(self.url, pin=LATEST)
        self.assertEqual(SUCCESS, self.check())

    def test_pin_that_holds_back_says_what_and_from_whom(self):
        self.use()
        self.write(self.url, pin='1.3')
        self.guest('current', f'{LATEST} 27.0.0')
        self.guest('behind', '1.3 26.0.0')

        self.assertEqual(WARNING, self.check())

        found, details = self.results['Pinned RPC versions']
        self.assertIn(
            '1 guest agents speak newer versions and are refused',
            details,
        )
        self.assertIn('attach_replication_slave', details)
        self.assertIn('Set it to auto', details)

    def test_floor_that_is_needed_names_by_whom(self):
        self.use()
        self.guest('old', '1.0 probed')
        self.guest('current', f'{LATEST} 27.0.0')

        self.check()

        self.assertFound(
            'Floors of RPC versions',
            SUCCESS,
            'guestagent: keep 1.0; needed by 1 of 2: old. Upgrade',
            'conductor: keep 1.0; no service has reported yet.',
        )

    def test_floor_that_may_be_raised(self):
        self.use()
        self.guest('behind', '1.3 26.0.0')
        self.guest('current', f'{LATEST} 27.0.0')
        services.report(
            'trove-conductor', 'c', {'conductor': '1.1'}, '27.0.0'
        )
        # A dead one counts no more.
        self.add(
            models.Service(
                binary='trove-conductor',
                host='gone',
                rpc_versions='{"conductor": "1.0"}',
                last_report=timeutils.utcnow() - datetime.timedelta(hours=1),
            )
        )

        self.check()

        self.assertFound(
            'Floors of RPC versions',
            SUCCESS,
            'guestagent: the floor may be raised from 1.0 to 1.3, which is '
            'needed by 1 of 2: behind. Check the metrics',
            'conductor: the floor may be raised from 1.0 to 1.1',
        )

    def test_floor_stays_while_nobody_knows_what_a_guest_speaks(self):
        self.use()
        self.guest('current', f'{LATEST} 27.0.0')
        self.guest('strange', 'icehouse')
        self.add(models.Instance(id='never', encrypted_key='x'))

        self.check()

        self.assertFound(
            'Floors of RPC versions',
            SUCCESS,
            'guestagent: keep 1.0; the versions of 2 of 3 are unknown: ',
            'trove-rpc probe INSTANCE',
        )

    def test_many_names_are_cut_short(self):
        self.use()
        for number in range(7):
            self.guest(f'old{number}', '1.0')

        self.check()

        self.assertFound('Guest agents', WARNING, 'old4', 'and 2 more')
