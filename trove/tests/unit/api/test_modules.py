# SPDX-License-Identifier: Apache-2.0
"""Modules of instances."""

from __future__ import annotations

from trove.db import models
from trove.db import session
from trove.tests.unit.api import base


class ModulesTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/modules'

    def given_module(self, module_id, **values):
        """A module that another release has applied."""
        with session.writer() as db:
            db.add(
                models.Module(
                    id=module_id,
                    name=module_id,
                    type='ping',
                    contents='x',
                    md5='new',
                    tenant_id=base.PROJECT,
                    **values,
                )
            )
            db.flush()
            db.add(
                models.InstanceModule(
                    instance_id=self.instance.id,
                    module_id=module_id,
                    md5='old',
                )
            )

    def listed(self, **kwargs):
        return self.get(self.path, **kwargs).json['modules']

    def test_there_are_none(self):
        self.assertEqual([], self.listed())

    def test_what_is_recorded(self):
        self.given_module('one')
        self.given_module('hidden', visible=False)

        (shown,) = self.listed()

        self.assertEqual(
            ('one', 'ping', 'old', 'all', base.PROJECT),
            tuple(
                shown[key]
                for key in ('name', 'type', 'md5', 'datastore', 'tenant')
            ),
        )
        self.assertEqual(2, len(self.listed(user='admin')))
        self.assertEqual([], self.transport.sent)

    def test_what_the_guest_has(self):
        self.guest.modules = [{'id': 'm', 'status': 'OK', 'odd': 1}, 'odd']

        (shown,) = self.listed(
            query_string='from_guest=1&include_contents=true'
        )

        self.assertEqual(('m', 'OK'), (shown['id'], shown['status']))
        self.assertNotIn('odd', shown)
        ((order, _, arguments),) = self.transport.sent
        self.assertEqual('module_list', order)
        self.assertEqual({'include_contents': True}, arguments)

    def test_another_projects(self):
        response = self.get(self.path, project=base.OTHER_PROJECT)

        self.assert_fault(response, 404, 'itemNotFound')
