# SPDX-License-Identifier: Apache-2.0
"""The tests of ``rpc-contract``, which is a distribution of its own.

They know nothing of Trove, and are run here with the others.
"""

from __future__ import annotations

import unittest

from trove.tests.unit import import_rules

_TOP = import_rules.TOP / 'rpc-contract'


def load_tests(
    loader: unittest.TestLoader,
    tests: unittest.TestSuite,
    pattern: str | None,
) -> unittest.TestSuite:
    # That of this tree looks for all modules below this tree's directory.
    own = unittest.TestLoader()
    return own.discover(str(_TOP / 'tests'), top_level_dir=str(_TOP))
