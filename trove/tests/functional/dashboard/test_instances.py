# SPDX-License-Identifier: Apache-2.0
"""Horizon, in a browser: instances and their replicas."""

from __future__ import annotations

from typing import Any

from trove.tests.functional.dashboard import base
from trove.tests.functional.deployed import base as deployed

_GOOD = ('Active', 'Healthy')


class InstanceTest(base.HorizonTestCase):
    """The panel "Instances"."""

    def order(self, datastore: str, **values: Any) -> dict[str, Any]:
        """The fields of "Launch Instance", of all its steps."""
        version = f'{datastore} - {self.deployment.versions[datastore]}'
        return {
            'name': 'shop',
            'volume': 1,
            'volume_type': 'directory',
            'datastore': version,
            # This is what the field for its flavor is called.
            version.encode().hex(): 'db.tiny',
            'is_public': True,
            'databases': 'orders, stock',
            'user': 'clerk',
            'password': 'secret',
            **values,
        }

    def launch(self, **values: Any) -> str:
        """Fill in the form, send it; return what the page says."""
        self.pages.open('databases/')
        self.pages.press('#databases__action_launch')
        self.pages.fill(values)
        return self.pages.submit()

    def launched(self, **values: Any) -> str:
        """Return the id of a new instance that works."""
        self.assertIn('Success', self.launch(**values))
        made = self.pages.row_of('databases', values['name'])
        self.addCleanup(self.delete, made)
        self.wait_row('databases', made, *_GOOD)
        return made

    def choose(self, instance_id: str, action: str) -> None:
        self.pages.open('databases/')
        self.pages.choose('databases', instance_id, action)

    def test_the_life_of_mariadb(self) -> None:
        self.check_life('mariadb')

    def test_the_life_of_postgresql(self) -> None:
        self.check_life('postgresql')

    def check_life(self, datastore: str) -> None:
        # When
        made = self.launched(**self.order(datastore))
        # Then
        row = self.wait_row('databases', made, *_GOOD)
        self.assertEqual(
            [
                *('shop', datastore, self.deployment.versions[datastore]),
                deployed.address_of(self.member.instances.get(made)),
                *('db.tiny | 512MB RAM', '-', '1GB', *_GOOD),
            ],
            row,
        )
        users = [each.name for each in self.member.users.list(made)]
        self.assertEqual(['clerk'], users)
        self.check_detail(made, datastore)
        # When, Then
        self.restart(made)
        self.resize(made)
        self.rename(made)
        self.pages.open('databases/')
        told = self.pages.act('databases', made, 'delete')
        self.assertIn('Scheduled deletion of Instance: store', told)
        self.eventually(lambda: self.is_gone(made), 'it is gone')

    def check_detail(self, made: str, datastore: str) -> None:
        self.pages.open(f'databases/{made}/')
        for text in 'Active', 'Healthy', datastore, 'db.tiny':
            self.assertIn(text, self.pages.text)
        self.pages.tab('config_defaults')
        names = self.pages.rows('config_defaults')
        self.assertIn('max_connections', names)

    def restart(self, made: str) -> None:
        self.pages.open('databases/')
        told = self.pages.act('databases', made, 'restart')
        self.assertIn('Success: Restarted Instance: shop', told)
        self.wait_row('databases', made, *_GOOD)

    def resize(self, made: str) -> None:
        self.choose(made, 'resize_volume')
        self.pages.fill({'new_size': 2})
        self.assertIn('Success', self.pages.submit())
        self.wait_row('databases', made, '2GB', *_GOOD)
        self.choose(made, 'resize_instance')
        self.pages.fill({'new_flavor': 'db.small'})
        self.assertIn('Success', self.pages.submit())
        self.wait_row('databases', made, 'db.small | 1GB RAM', *_GOOD)

    def rename(self, made: str) -> None:
        # "Allowed CIDRs" is filled in already.
        self.choose(made, 'edit_instance')
        self.pages.fill({'instance_name': 'store'})
        self.assertIn('"store" successfully updated', self.pages.submit())
        self.assertEqual('store', self.pages.rows('databases')[made][0])

    def test_what_is_refused_says_why(self) -> None:
        # When
        told = self.launch(
            **self.order('mariadb', allowed_cidrs='192.0.2.0/24')
        )
        # Then
        self.assertIn('Unable to launch instance', told)
        self.assertIn(
            'omit "instance.access.allowed_cidrs"', self.pages.details()
        )

    def test_replicas(self) -> None:
        # Given
        source = self.create_active('first')
        replica = self.create(
            'second',
            flavor_id=None,
            volume=None,
            datastore=None,
            replica_of=source.id,
        )
        self.wait_active(replica.id)
        # When, Then
        self.pages.open('databases/')
        rows = self.pages.rows('databases')
        self.assertIn('Replica of first', rows[replica.id])
        self.assertIn('Primary, has replicas: second', rows[source.id])
        # When
        self.choose(replica.id, 'promote_to_replica_source')
        self.assertIn('Success', self.pages.submit())
        # Then
        self.wait_row('databases', source.id, 'Replica of second', *_GOOD)
        self.wait_row(
            'databases', replica.id, 'Primary, has replicas: first', *_GOOD
        )
        # When
        told = self.pages.act('databases', source.id, 'detach_replica')
        # Then what is shown is as old as the page
        self.assertIn('Success', told)

        def alone(instance_id: str) -> bool:
            self.pages.open('databases/')
            return '-' in self.pages.rows('databases')[instance_id]

        for each in source, replica:
            self.eventually(lambda each=each: alone(each.id), 'it is alone')
