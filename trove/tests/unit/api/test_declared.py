# SPDX-License-Identifier: Apache-2.0
"""Each action is declared wherever it must be, or it is told where."""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
import re
from typing import Any

from oslo_policy import policy

from trove import policies
from trove.api import absent
from trove.api import routes
from trove.api.handlers import actions
from trove.tests import base
from trove.tests.unit import import_rules
from trove.tests.unit.api import base as api_base
from trove.tests.unit.api import test_personas

_API_REF = import_rules.TOP / 'api-ref/source'
_HANDLERS = import_rules.TOP / 'trove/api'

#: Rules of releases that no path here asks for.
_UNUSED = {
    'cluster:force_delete',
    'cluster:reset-status',
}


def tables() -> Iterator[tuple[str, actions.Actions]]:
    """Yield each path below ``/v1.0`` that takes actions, and these."""
    for route in routes.ROUTES:
        table = getattr(route.handler, '__self__', None)
        if isinstance(table, actions.Actions):
            yield route.path, table


def handlers() -> Iterator[tuple[int, Any]]:
    """Yield each handler, of actions too, and its status of success."""
    for route in (*routes.ROUTES, *routes.VERSIONS, *absent.ROUTES):
        yield route.status, getattr(route.handler, 'func', route.handler)
    for _, table in tables():
        for action in table.values():
            yield 202, action.handler


class DeclaredTest(base.TestCase):
    def assert_none(self, missing: set[str], remedy: str) -> None:
        """Assert that nothing is missing.

        :param remedy: with ``{}`` where the names go
        """
        names = ', '.join(sorted(missing))
        self.assertEqual(set(), missing, remedy.format(names))

    def test_rules_of_actions_are_there(self) -> None:
        known = {rule.name for rule in policies.list_rules()}
        for _, table in tables():
            for name, action in table.items():
                self.assertNotEqual(
                    (),
                    action.rules,
                    f'Give {name} a rule in ACTIONS of trove/api/handlers, as '
                    f"('instance:{name}',).",
                )
                self.assertEqual(
                    len(action.rules) > 1,
                    action.choose is not None,
                    f'{name} in ACTIONS of trove/api/handlers: give it one '
                    'rule, or several and "choose", which says which must '
                    'hold for a value.',
                )
            self.assert_none(
                set(table.rules) - known,
                'Add {} to RULES of its module in trove/policies/.',
            )

    def test_rules_of_paths_are_there(self) -> None:
        known = {rule.name for rule in policies.list_rules()}
        for route in (*routes.ROUTES, *absent.ROUTES):
            self.assertTrue(
                route.rule in known or not (route.rule or route.check),
                f'{route.verb} {route.path} asks for "{route.rule}": add it '
                'to RULES of its module in trove/policies/, or correct the '
                'line in trove/api/routes.py or absent.py.',
            )

    def test_modules_of_rules_are_listed(self) -> None:
        there = {
            path.stem
            for path in (import_rules.TOP / 'trove/policies').glob('*.py')
            if '\ndef list_rules(' in path.read_text('utf-8')
        }
        listed = {
            module.__name__.rpartition('.')[2] for module in policies._MODULES
        }

        self.assert_none(
            there - listed - {'__init__'},
            'Add {} to _MODULES in trove/policies/__init__.py.',
        )

    def test_rules_are_asked_for(self) -> None:
        asked = {
            rule
            for route in (*routes.ROUTES, *absent.ROUTES)
            for rule in (route.rule, *route.any_of)
        }
        sources = '\n'.join(
            path.read_text('utf-8') for path in _HANDLERS.rglob('*.py')
        )
        documented = {
            rule.name
            for rule in policies.list_rules()
            if isinstance(rule, policy.DocumentedRuleDefault)
        }

        self.assert_none(
            {
                rule
                for rule in documented - asked - _UNUSED
                if f"'{rule}'" not in sources
            },
            'No path and no action asks for {}: add it to ACTIONS in '
            'trove/api/handlers/actions.py or mgmt.py or to ROUTES in '
            'trove/api/routes.py, or remove the rule.',
        )

    def test_each_is_in_the_reference(self) -> None:
        sections = {
            section.partition('\n')[0]: section
            for page in _API_REF.glob('*.inc')
            for section in page.read_text('utf-8').split('.. rest_method:: ')
        }
        for path, table in tables():
            section = sections[f'POST /v1.0{path}']
            self.assert_none(
                {name for name in table if f'``{name}``' not in section},
                'Describe {} in api-ref/source/actions.inc or mgmt.inc.',
            )

    def test_statuses_are_in_docstrings(self) -> None:
        declared = [
            (status, handler)
            for status, handler in handlers()
            if not re.search(rf'\b({status}|501)\b', handler.__doc__ or '')
        ]

        self.assert_none(
            {
                f'{handler.__module__}.{handler.__qualname__} ({status})'
                for status, handler in declared
            },
            'Name the status of routes.py in the docstring of {}.',
        )

    def test_each_is_tested(self) -> None:
        tests = pathlib.Path(__file__).parent
        text = '\n'.join(path.read_text() for path in tests.glob('test_*.py'))

        for _, table in tables():
            self.assert_none(
                {name for name in table if f"{{'{name}':" not in text},
                'Test {} in trove/tests/unit/api/test_actions.py or '
                'test_mgmt.py, by a request with it.',
            )


class CheckedTest(api_base.TestCase):
    """A route asks whether any rule of its actions holds, no more."""

    def test_each_action_checks_its_own_rule(self) -> None:
        everybody = {rule.name: '@' for rule in policies.list_rules()}
        instance = self.active()
        for path, table in tables():
            for name, action in table.items():
                nobody = dict.fromkeys(action.rules, '!')
                with api_base.Policy(self, everybody | nobody):
                    response = self.post(
                        path.removeprefix('/{project_id}').format(
                            instance_id=instance.id
                        ),
                        {name: test_personas.BODIES.get(name, {})},
                        user='admin',
                    )
                self.assertIn(
                    response.status_code,
                    (401, 403),
                    f'{name}: let perform() in trove/api/handlers/actions.py '
                    f'ask for one of {action.rules}, and "choose" return it; '
                    'a value that its schema accepts is in BODIES of '
                    'test_personas.py.',
                )
