# SPDX-License-Identifier: Apache-2.0
"""A driver has what it says, and says what it has."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import capability
from trove.tests import base
from trove.tests.unit.guestagent import fakes

Capability = capability.Capability


class DriverTest(base.TestCase):
    def refusal(self, **members: Any) -> str:
        members['__module__'] = __name__
        error = self.assertRaises(
            TypeError, type, 'Mine', (fakes.Driver,), members
        )
        return str(error)

    def test_a_capability_without_its_methods(self) -> None:
        said = self.refusal(
            capabilities=fakes.Driver.capabilities | {Capability.ROOT}
        )

        self.assertIn(
            'Mine in trove/tests/unit/guestagent/datastores/test_ca', said
        )
        for name in ('enable_root', 'disable_root', 'is_root_enabled'):
            self.assertIn(
                f'Capability.ROOT but has no method {name}: add the method',
                said,
            )

    def test_a_method_without_its_capability(self) -> None:
        said = self.refusal(list_users=lambda self: None)

        self.assertIn(
            'has the method list_users: add Capability.USERS to its '
            'capabilities',
            said,
        )

    def test_a_capability_that_has_no_methods_yet(self) -> None:
        said = self.refusal(
            capabilities=fakes.Driver.capabilities | {Capability.CLUSTER}
        )

        self.assertIn('trove/guestagent/datastores/base.py declares no', said)
        self.assertIn('@capability.of(Capability.CLUSTER)', said)

    def test_what_a_datastore_lacks_is_said(self) -> None:
        driver = fakes.Driver()
        for name, each in capability.methods(datastores.Driver).items():
            error = self.assertRaises(
                exception.NotSupported,
                getattr(datastores.Driver, name),
                driver,
            )
            self.assertIn(each, str(error))
