# SPDX-License-Identifier: Apache-2.0
"""The way of a message is the one that the architecture tells.

That of the RPC layer is in ``common/rpc/test_way.py``.
"""

from __future__ import annotations

import re
import sys
import threading
from typing import Any

from trove.objects.instance import states
from trove.tests.unit import import_rules
from trove.tests.unit.api import base as api_base
from trove.tests.unit.taskmanager import scene

_TOP = import_rules.TOP


#: Data, of which nothing is called.
_TABLES = {'trove/api/routes.py'}


def told() -> list[str]:
    """Return the files that are gone through, in the order of the page."""
    page = _TOP / 'doc/source/contributor/architecture.rst'
    _, _, way = page.read_text('utf-8').partition('there and back\n')
    steps = re.findall(r'^\d+\. (?:.+\n)+', way.split('\n===')[0], re.M)
    files = re.findall(r'``(trove/[\w./]+\.py)``', ''.join(steps))
    return [
        file
        for file in dict.fromkeys(files)
        if file not in _TABLES and not file.startswith('trove/common/rpc/')
    ]


class Way:
    """Notes the files of Trove that are entered, in their order."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}

    def __enter__(self) -> Way:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: Any, event: str, argument: Any) -> None:
        path = frame.f_code.co_filename
        if event == 'call' and path.startswith(f'{_TOP}/trove/'):
            self.files.setdefault(path.removeprefix(f'{_TOP}/'))

    def of(self, files: list[str]) -> list[str]:
        return [file for file in self.files if file in files]


class ApiTest(api_base.TestCase):
    def test_from_the_request_to_the_message(self) -> None:
        instance = self.active()

        with Way() as way:
            self.post(f'/instances/{instance.id}/action', {'restart': {}})

        end = told().index('trove/taskmanager/api.py') + 1
        self.assertEqual(told()[:end], way.of(told()))


class TaskManagerTest(scene.TestCase):
    def test_from_the_message_to_the_guest(self) -> None:
        instance_id, guest = self.given_instance()
        self.given_task(instance_id, states.Task.REBOOTING, 'restart')

        with Way() as way:
            self.manager.restart(self.context, instance_id)

        begin = told().index('trove/taskmanager/manager.py')
        here = [
            file
            for file in told()[begin:]
            if 'guestagent' not in file or '/guestagent/api/' in file
        ]
        self.assertEqual(here, way.of(told()))
