# SPDX-License-Identifier: Apache-2.0
"""Each order is declared wherever it must be, or a check names the edit."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import inspect
import re
import textwrap
from typing import Any

from trove.guestagent import accounts
from trove.guestagent import api
from trove.guestagent import backups
from trove.guestagent import backups_progress
from trove.guestagent import freezing
from trove.guestagent import log_archive
from trove.guestagent import logs
from trove.guestagent import manager
from trove.guestagent import orders
from trove.guestagent import replication
from trove.guestagent import supervisor
from trove.guestagent import tls_orders
from trove.guestagent import unsupported
from trove.guestagent import upgrades
from trove.guestagent import verifying
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import registry
from trove.tests import base
from trove.tests.unit import import_rules
from trove.tests.unit.guestagent import fakes

Capability = capability.Capability
CONTRACT = frozenset(api.API.interface.methods)
DRIVERS = tuple(find() for find in registry.DRIVERS.values())

_API = 'API in trove/guestagent/api/__init__.py'
_MANAGER = 'trove/guestagent/manager.py'
_UNSUPPORTED = 'ORDERS in trove/guestagent/unsupported.py'
_CAPABILITIES = 'trove/guestagent/datastores/capability.py'


def half_declared(
    contract: Iterable[str],
    served: Mapping[str, orders.Needs],
    refused: Mapping[str, Capability],
    drivers: Iterable[type[datastores.Driver]],
    methods: Iterable[str],
) -> Iterator[str]:
    """Yield the edits that make each order served or refused, and once.

    :param served: the orders that the manager declares a method for
    :param methods: of the manager
    :param refused: those that no datastore can carry out
    """
    for name in sorted(set(contract) - {*served, *refused}):
        if name in methods:
            yield (
                f'Write a decorator at {name} of Manager in {_MANAGER}: '
                '@orders.of_agent; or @orders.in_turn if it uses the server, '
                '@orders.needs(Capability.ANY) if not each datastore can.'
            )
        else:
            yield f'Add {name} to Manager in {_MANAGER}, or to {_UNSUPPORTED}.'
    for name in sorted({*served, *refused} - set(contract)):
        yield f'Declare {name} in {_API}, or remove it from {_MANAGER}.'
    for name in sorted(served.keys() & refused.keys()):
        yield f'Remove {name} from {_UNSUPPORTED}.'
    said = {each for driver in drivers for each in driver.capabilities}
    needed = {name: each.capability for name, each in served.items()}
    for name, each in needed.items():
        if each is not None and each not in said:
            yield (
                f'Add Capability.{each.name}, which {name} in {_MANAGER} '
                'needs, to the capabilities of a driver in '
                'trove/guestagent/datastores.'
            )
    for name, each in refused.items():
        if each in said:
            yield (
                f'A driver has Capability.{each.name}: move {name} from '
                f'{_UNSUPPORTED} to Manager in {_MANAGER}, with '
                f'@orders.needs(Capability.{each.name}).'
            )
    # This rides on the order to make a backup.
    asked = {*needed.values(), verifying.NEEDS}
    for each in said - asked:
        yield (
            f'Add an order to {_MANAGER} with @orders.needs(Capability.'
            f'{each.name}): a driver has it, and nothing asks for it.'
        )
    for each in set(Capability) - {*asked, *refused.values()}:
        yield f'Remove {each.name} from {_CAPABILITIES}: no order needs it.'


def attributes(source: Any) -> set[str]:
    """Return the names of all attributes that a module or function uses."""
    text = textwrap.dedent(inspect.getsource(source))
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
    }


def asked_of_drivers() -> set[str]:
    """Return the names of all attributes that the agent looks up."""
    return set().union(
        *map(
            attributes,
            (
                accounts,
                backups,
                backups_progress,
                freezing,
                log_archive,
                logs,
                manager,
                replication,
                supervisor,
                tls_orders,
                upgrades,
                verifying,
            ),
        )
    )


class OrdersTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.served = orders.declared(manager.Manager)

    def edits(self, **changed: Any) -> list[str]:
        given = {
            'contract': CONTRACT,
            'served': self.served,
            'refused': unsupported.ORDERS,
            'drivers': DRIVERS,
            'methods': dir(manager.Manager),
        }
        known = list(half_declared(**given))
        if not changed:
            return known
        found = half_declared(**(given | changed))
        return [edit for edit in found if edit not in known]

    def test_nothing_is_half_declared(self) -> None:
        edits = self.edits()

        self.assertEqual([], edits, '\n'.join(edits))

    def test_each_needs_what_it_uses(self) -> None:
        declared = capability.methods(datastores.Driver)
        for name, needed in self.served.items():
            function = inspect.unwrap(getattr(manager.Manager, name))
            for used in sorted(attributes(function) & declared.keys()):
                if declared[used] is not needed.capability:
                    self.fail(
                        f'Write @orders.needs(Capability.'
                        f'{declared[used].name}) at {name} in '
                        f'{inspect.getsourcefile(function)}: it uses {used} '
                        'of the driver.'
                    )

    def test_what_prepare_takes_is_checked(self) -> None:
        source = textwrap.dedent(inspect.getsource(manager.Manager.prepare))
        checked = {
            keyword.arg
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) == 'self._check_prepare'
            for keyword in node.keywords
        }

        self.assertEqual(
            set(manager.PREPARE_NEEDS),
            checked,
            f'Add what is missing to PREPARE_NEEDS in {_MANAGER}, or hand it '
            'to _check_prepare in prepare there.',
        )

    def test_an_order_in_the_contract_only(self) -> None:
        self.assertEqual(
            [f'Add spin to Manager in {_MANAGER}, or to {_UNSUPPORTED}.'],
            self.edits(contract=CONTRACT | {'spin'}),
        )

    def test_an_order_that_is_not_in_the_contract(self) -> None:
        (edit,) = self.edits(contract=CONTRACT - {'restart'})

        self.assertEqual(
            f'Declare restart in {_API}, or remove it from {_MANAGER}.', edit
        )

    def test_an_order_without_a_decorator(self) -> None:
        served = dict(self.served)
        del served['rpc_ping']

        (edit,) = self.edits(served=served)

        self.assertIn(f'at rpc_ping of Manager in {_MANAGER}', edit)
        self.assertIn('@orders.of_agent', edit)

    def test_an_order_that_is_served_and_no_driver_can(self) -> None:
        refused = dict(unsupported.ORDERS)
        served = self.served | {
            'update_guest': orders.Needs(refused.pop('update_guest'), True)
        }

        (edit,) = self.edits(served=served, refused=refused)

        self.assertIn('Add Capability.AGENT_UPDATE, which update_guest', edit)

    def test_a_driver_that_says_what_no_order_asks_for(self) -> None:
        class Saving(fakes.Driver):
            capabilities = fakes.Driver.capabilities

        Saving.capabilities |= {Capability.AGENT_UPDATE}

        edits = self.edits(drivers=(*DRIVERS, Saving))

        self.assertEqual(2, len(edits), edits)
        self.assertIn('move update_guest from', edits[0])
        self.assertIn('nothing asks for it', edits[1])

    def test_an_order_that_is_served_and_refused(self) -> None:
        refused = unsupported.ORDERS | {'create_user': Capability.CLUSTER}

        self.assertEqual(
            [f'Remove create_user from {_UNSUPPORTED}.'],
            self.edits(refused=refused),
        )

    def test_a_capability_that_no_order_needs(self) -> None:
        refused = dict(unsupported.ORDERS)
        del refused['update_guest']

        edits = self.edits(
            contract=CONTRACT - {'update_guest'}, refused=refused
        )

        self.assertEqual(
            [f'Remove AGENT_UPDATE from {_CAPABILITIES}: no order needs it.'],
            edits,
        )

    def test_each_is_tested(self) -> None:
        tests = import_rules.TOP / 'trove/tests'
        text = '\n'.join(
            path.read_text('utf-8')
            for path in tests.glob('*/guestagent/**/*.py')
        )
        called = set(re.findall(r'\b(?:manager|guest|client)\.(\w+)\(', text))
        called |= set(re.findall(r"\border\(\s*'(\w+)'", text))
        missing = ', '.join(sorted(self.served.keys() - called))

        self.assertEqual(
            '',
            missing,
            f'Test {missing} in trove/tests/unit/guestagent/, by the method '
            'of self.manager.',
        )

    def test_the_client_declares_what_is_served(self) -> None:
        own = {name for name in vars(api.API) if name in CONTRACT}

        self.assertEqual(
            set(),
            own & unsupported.ORDERS.keys(),
            'Move them from API in trove/guestagent/api/__init__.py to '
            'trove/guestagent/api/released.py, or let a datastore serve them.',
        )

    def test_the_agent_asks_for_each_method_of_a_driver(self) -> None:
        declared = set(capability.methods(datastores.Driver))

        self.assertEqual(
            set(),
            declared - asked_of_drivers(),
            'Use them in trove/guestagent/manager.py or a module of its '
            'orders, or remove them from Driver in '
            'trove/guestagent/datastores/base.py.',
        )

    def test_what_is_ordered_with_a_new_instance_reaches_the_driver(
        self,
    ) -> None:
        fields = {
            each.name for each in dataclasses.fields(datastores.Preparation)
        }
        able = {each for driver in DRIVERS for each in driver.capabilities}

        self.assertEqual(
            set(),
            {
                argument
                for argument, needed in manager.PREPARE_NEEDS.items()
                if needed in able
            }
            - {'backup_info', 'store'}  # together they name the backup
            - fields,
            'Add them to Preparation in trove/guestagent/datastores/base.py '
            'and hand them over in prepare in trove/guestagent/manager.py.',
        )
