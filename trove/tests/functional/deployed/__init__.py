# SPDX-License-Identifier: Apache-2.0
"""Tests of a whole deployment, which all modules of this package share.

A process of the test runner runs those that it has one after the other, since
they stop and kill parts of it.
"""

from __future__ import annotations

import os
import sys
from typing import Any
import unittest

import testtools

from trove.tests.functional.deployed import base


class _Suite(unittest.TestSuite):
    """Ends the shared deployment after the last of these tests.

    Its services look at each other every second: left alone until the process
    ends, they would take a quarter of a processor from the tests that follow.
    """

    def run(self, result: Any, debug: bool = False) -> Any:
        super().run(result, debug)
        try:
            base.end_shared_deployment()
        except Exception:  # noqa: BLE001 (the tests that follow are run)
            name = f'{__name__}: the end of the shared deployment'
            testtools.ErrorHolder(name, sys.exc_info()).run(result)
        return result


def load_tests(
    loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str
) -> unittest.TestSuite:
    here = os.path.dirname(__file__)
    return _Suite([tests, loader.discover(here, pattern)])
