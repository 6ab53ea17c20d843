# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from oslo_context import context as oslo_context

from trove.common import context as trove_context
from trove.tests import base

_FULL = {
    'user_id': 'a-user',
    'project_id': 'a-project',
    'domain_id': 'a-domain',
    'user_domain_id': 'of-user',
    'project_domain_id': 'of-project',
    'system_scope': 'all',
    'is_admin': True,
    'is_admin_project': False,
    'read_only': True,
    'show_deleted': True,
    'auth_token': 'a-token',
    'request_id': 'req-a',
    'global_request_id': 'req-b',
    'resource_uuid': 'a-resource',
    'roles': ['member'],
}


class ContextTest(base.TestCase):
    def test_it_says_all_that_oslo_context_says(self):
        for values in (_FULL, {'request_id': 'req-a'}):
            plain = oslo_context.RequestContext(**values).to_dict()
            said = trove_context.TroveContext(**values).to_dict()

            self.assertEqual(plain, plain | {k: said[k] for k in plain})

    def test_it_reads_what_it_says(self):
        context = trove_context.TroveContext(
            limit=3,
            marker='m',
            service_catalog=[{'type': 'database'}],
            **_FULL,
        )

        for values in (context.to_dict(), context.to_wire()):
            read = trove_context.TroveContext.from_dict(values)
            self.assertEqual(context.to_dict(), read.to_dict())

    def test_a_message_has_nothing_that_readers_put_in_by_themselves(self):
        context = trove_context.TroveContext(project_id='a-project')
        wire = context.to_wire()

        self.assertNotIn(None, wire.values())
        self.assertNotIn('roles', wire)
        self.assertEqual('a-project', wire['tenant'])
        self.assertIs(False, wire['is_admin'])
        read = trove_context.TroveContext.from_dict(wire)
        self.assertEqual(context.to_dict(), read.to_dict())

    def test_who_is_of_no_release_is_sent_less_and_reads_the_same(self):
        for values in (
            _FULL,
            {'is_admin': True, 'project_id': 'p'},
            {'is_admin': False, 'is_admin_project': False, 'user_id': 'u'},
            {'read_only': True, 'show_deleted': True},
        ):
            context = trove_context.TroveContext(**values)
            wire = context.to_wire(released=False)

            read = trove_context.TroveContext.from_dict(wire)
            self.assertEqual(context.to_dict(), read.to_dict())
            self.assertLess(len(wire), len(context.to_wire()))
            self.assertNotIn('tenant', wire)

    def test_every_release_may_name_the_project(self):
        for name in ('project_id', 'tenant', 'project'):
            read = trove_context.TroveContext.from_dict({name: 'a-project'})
            self.assertEqual('a-project', read.project_id)
