# SPDX-License-Identifier: Apache-2.0

import os
import pathlib

import fixtures
from oslo_policy import policy

from trove import policies
from trove.api import absent
from trove.api import routes
from trove.common import context as trove_context
from trove.common import exception
from trove.tests import base

MINE = {'tenant': 'mine'}
ALL = (*routes.ROUTES, *absent.ROUTES)


def who(project='mine', is_admin=False, roles=('member',)):
    return trove_context.TroveContext(
        project_id=project,
        is_admin=is_admin,
        roles=list(roles),
        overwrite=False,
    )


class TestRules(base.TestCase):
    def test_every_route_has_a_documented_rule(self):
        documented = {
            rule.name
            for rule in policies.list_rules()
            if isinstance(rule, policy.DocumentedRuleDefault)
        }

        used = {route.rule for route in ALL if route.rule}

        self.assertEqual(set(), used - documented)

    def test_every_documented_operation_is_a_route(self):
        known = {(route.verb, '/v1.0' + route.path) for route in ALL}

        for rule in policies.list_rules():
            if isinstance(rule, policy.DocumentedRuleDefault):
                self.assertTrue(rule.description.endswith('.'))
                for operation in rule.operations:
                    self.assertIn(
                        (operation['method'], operation['path']), known
                    )

    def test_names_are_unique(self):
        names = [rule.name for rule in policies.list_rules()]

        self.assertEqual(len(names), len(set(names)))


class TestEnforcer(base.TestCase):
    def setUp(self):
        super().setUp()
        self.enforcer = policies.Enforcer(self.conf)

    def test_the_owner_may(self):
        self.enforcer.authorize(who(), 'instance:show', MINE)

    def test_an_administrator_may(self):
        other = {'tenant': 'other'}
        for admin in (who(is_admin=True), who(roles=['admin'])):
            self.enforcer.authorize(admin, 'instance:show', other)
            self.enforcer.authorize(admin, 'mgmt:instance:index', MINE)

    def test_another_may_not(self):
        error = self.assertRaises(
            exception.Forbidden,
            self.enforcer.authorize,
            who('other'),
            'instance:show',
            MINE,
        )

        self.assertIn('instance:show', str(error))

    def test_managing_is_not_for_members(self):
        self.assertRaises(
            exception.Unauthorized,
            self.enforcer.authorize,
            who(),
            'mgmt:instance:index',
            MINE,
        )

    def test_everybody_may_see_flavors(self):
        self.enforcer.authorize(who('other'), 'flavor:index', MINE)


class TestFile(base.TestCase):
    """The rules of the operator."""

    def setUp(self):
        super().setUp()
        self.now = 100.0
        self.patch(policies.time, 'monotonic', lambda: self.now)
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = pathlib.Path(directory, 'policy.yaml')
        self.config(policy_file=str(self.file), group='oslo_policy')
        self.file.write_text('instance:show: "!"')
        self.enforcer = policies.Enforcer(self.conf)

    def may(self):
        return self.enforcer.allows(who(), 'instance:show', MINE)

    def change(self, text):
        self.file.write_text(text)
        # A file system may tell no times closer than a second.
        later = self.file.stat().st_mtime + 10
        os.utime(self.file, (later, later))

    def test_a_change_is_in_force_within_a_second(self):
        self.assertFalse(self.may())

        self.change('instance:show: "@"')
        self.now += 1

        self.assertTrue(self.may())

    def test_the_file_is_not_looked_for_at_each_request(self):
        self.assertFalse(self.may())

        self.change('instance:show: "@"')
        self.now += 0.9

        self.assertFalse(self.may())

    def test_a_file_that_comes_later_is_found(self):
        self.file.unlink()
        enforcer = policies.Enforcer(self.conf)
        self.assertTrue(enforcer.allows(who(), 'instance:show', MINE))

        self.change('instance:show: "!"')
        self.now += 1

        self.assertFalse(enforcer.allows(who(), 'instance:show', MINE))
