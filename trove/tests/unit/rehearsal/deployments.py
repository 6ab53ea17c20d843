# SPDX-License-Identifier: Apache-2.0
"""Deployments to rehearse upgrades of."""

from __future__ import annotations

from trove.rehearsal import inventory as inventories


def deployment(
    release='2026.2',
    guests=('pike', '2026.2'),
    count=3,
    task_managers=1,
    **more,
):
    """One of a release, with some guests of each of these."""
    services = [
        {'kind': kind, 'name': name, 'release': release}
        for kind, name in (
            ('conductor', 'c'),
            *(('taskmanager', f't{n}') for n in range(task_managers)),
            ('api', 'a'),
        )
    ]
    return inventories.parse(
        {
            'format': inventories.FORMAT,
            'services': services,
            'guests': [
                {'name': f'of {each}', 'release': each, 'count': count}
                for each in guests
            ],
            **more,
        }
    )
