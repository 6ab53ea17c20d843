# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from importlib import metadata

import fixtures

from trove import version
from trove.tests import base


class TestRelease(base.TestCase):
    def test_installed(self) -> None:
        self.assertEqual(metadata.version('trove'), version.release())

    def test_not_installed(self) -> None:
        def missing(name: str) -> str:
            raise metadata.PackageNotFoundError(name)

        self.useFixture(
            fixtures.MonkeyPatch('importlib.metadata.version', missing)
        )

        self.assertEqual('unknown', version.release())
