# SPDX-License-Identifier: Apache-2.0
"""The way of a message is the one that its front door tells."""

from __future__ import annotations

import pathlib
import re
import sys
from typing import Any

from trove.common import rpc
from trove.tests.unit.common.rpc import base

_TOP = pathlib.Path(rpc.__file__).parent


class Way:
    """Notes which files of the RPC layer a thread enters.

    :ivar steps: how many functions of each module, or package, in the order
        of their first use
    """

    def __init__(self) -> None:
        self.steps: dict[str, int] = {}

    def __enter__(self) -> Way:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: Any, event: str, argument: Any) -> None:
        path = pathlib.Path(frame.f_code.co_filename)
        if event == 'call' and path.is_relative_to(_TOP):
            name = path.relative_to(_TOP).parts[0].removesuffix('.py')
            self.steps[name] = self.steps.get(name, 0) + 1


class WayTest(base.MessageTestCase):
    def told(self) -> list[str]:
        steps = re.findall(r'^\d\. ``(\w+)', rpc.__doc__ or '', re.MULTILINE)
        return [step for step in steps if step.startswith('_')]

    def test_a_warm_call_goes_as_it_is_told(self) -> None:
        api = self.serve()
        api.paint(self.context, 'wall')

        with Way() as way:
            api.paint(self.context, 'wall')

        sending = self.told()[: self.told().index('_broker') + 1]
        self.assertEqual([*sending, '_events'], list(way.steps))
        # To plan, to deliver, and who does both.
        self.assertEqual(3, way.steps['_client'])
