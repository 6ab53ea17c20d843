# SPDX-License-Identifier: Apache-2.0
"""However large the fleet is, what looks at it takes as many queries."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from trove.common import rpc
from trove.db import session
from trove.objects.guest import fleet
from trove.objects.guest import guest_versions
from trove.objects.guest import probes
from trove.objects.instance import instances
from trove.objects.instance import workflows
from trove.objects.rejected import journal
from trove.peers import telemetry
from trove.peers import versions
from trove.rpcadmin import facts
from trove.rpcadmin import readiness
from trove.tests.unit.objects import base

FEW, MANY = 3, 40


class QueriesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(
            max_instances_per_tenant=-1,
            max_volumes_per_tenant=-1,
            max_ram_per_tenant=-1,
        )
        self.ids: list[str] = []

    def given_guests(self, number: int) -> None:
        """So many in all, each with a heartbeat and its job in the queue."""
        while len(self.ids) < number:
            self.ids.append(self.create().id)
            self.beat(self.ids[-1])

    def queries(self, look: Callable[[], object]) -> list[str]:
        seen: list[str] = []

        def note(connection, cursor, statement, *args):
            seen.append(statement)

        sa.event.listen(session.engine(), 'before_cursor_execute', note)
        try:
            look()
        finally:
            sa.event.remove(session.engine(), 'before_cursor_execute', note)
        return seen

    def looks(self) -> dict[str, Callable[[], object]]:
        def survey() -> None:
            found = readiness.Survey(self.conf)
            for say in (
                *(found.below_floor, found.oldest, found.unheard),
                *(found.mixed, found.held_back, found.floors),
            ):
                list(say())

        guests = versions.Versions(self.conf).discover['guestagent']
        assert isinstance(guests, rpc.Together)
        return {
            'what guests speak': lambda: guests.several(self.ids),
            'a page of a project': lambda: instances.list_(
                self.context, limit=100
            ),
            'a page of all projects': lambda: instances.list_(
                self.admin, all_projects=True, limit=100
            ),
            'work in the queue': workflows.workflows,
            'trove-rpc peers': lambda: list(facts.find(self.conf)),
            'a census': lambda: fleet.census(self.conf),
            'trove-rpc rejected list': journal.list_,
            'trove-status': survey,
            'metrics': lambda: [
                list(gauge.read()) for gauge in telemetry._gauges(self.conf)
            ],
        }

    def test_no_number_of_queries_grows_with_the_fleet(self) -> None:
        self.given_guests(FEW)
        few = {name: self.queries(look) for name, look in self.looks().items()}
        self.given_guests(MANY)

        for name, look in self.looks().items():
            with self.subTest(name):
                many = self.queries(look)

                self.assertNotEqual([], many)
                self.assertEqual(len(few[name]), len(many), many)

    def test_nor_does_the_first_look_at_silent_guests(self) -> None:
        numbers = []
        for more in FEW, MANY:
            ids = sorted(self.create().id for _ in range(more))

            def look(ids: list[str] = ids) -> None:
                self.assertEqual(ids, probes.claim().ids)
                guest_versions.record_probes(
                    {
                        each: guest_versions.Found(
                            None if number % 2 else '1.1'
                        )
                        for number, each in enumerate(ids)
                    }
                )
                known = guest_versions.guests_spoken(ids)
                self.assertEqual('1.1', known[ids[0]].revision)
                self.assertIsNone(known[ids[1]].revision)

            numbers.append(len(self.queries(look)))

        self.assertEqual(numbers[0], numbers[1])
