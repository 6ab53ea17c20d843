# SPDX-License-Identifier: Apache-2.0
"""Every error of a cloud, in creations, resizes and deletions.

Whatever happens, an instance works, has a fault with the reason of the cloud,
or is gone; what the cloud has is what the database says, and so is the quota;
and a deletion leaves nothing. ``TROVE_CLOUD_ROWS`` is a pattern of the rows
to run.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import time
import uuid

from trove.common import context as trove_context
from trove.tests.functional.cloud import provoking
from trove.tests.functional.cloud import rig
from trove.tests.functional.cloud import table

#: What the guest agent must not have said before.
_MUTE = frozenset({'silent', 'dies_while_built'})
#: After these the server is not as one that works.
_BREAKING = frozenset({'dies', 'server_gone'})


class OpenStackTableTest(provoking.Provoking):
    timeout = 7200

    def test_rows(self):
        chosen = re.compile(os.environ.get('TROVE_CLOUD_ROWS', ''))
        log = pathlib.Path(rig.HOME, 'log', 'table.log')
        wrong = []
        for row in table.ROWS:
            if not chosen.search(str(row)):
                continue
            began = time.monotonic()
            result = 'ok'
            try:
                self._run(*row)
            except Exception as error:  # noqa: BLE001
                wrong.append(f'{row}: {error}\n{self.fault()}')
                result = f'WRONG: {error}\n{self.fault()}'
                self._start_anew()
            with log.open('a') as file:
                seconds = time.monotonic() - began
                print(f'{seconds:.0f} s', row[:3], result, file=file)
        self.assertEqual('', '\n\n'.join(wrong))

    def _start_anew(self):
        """Forget an instance of which nobody knows what it is like."""
        with contextlib.suppress(Exception):
            self.assert_deleted()
        with contextlib.suppress(Exception):
            self.delete()
        self.forget_guest()
        # Its quota would be wrong for ever.
        self.project = uuid.uuid4().hex
        self.context = trove_context.TroveContext(
            project_id=self.project, user_id='user-1', overwrite=False
        )

    def _run(self, _, what, how, end, words, left=None):
        self._given(what, how)
        name, *arguments = ('rule',) if isinstance(how, dict) else how
        rule = how if isinstance(how, dict) else {}
        provoke = getattr(self, f'provoke_{name}')
        with provoke(*arguments, **rule) as values:
            self.when(what, **(values or {}))
            self.assert_met()
            self.faults.unlink(missing_ok=True)
            self._assert_end(end, words)
            if left != table.UNKNOWN:
                self.assert_invariants(left, runs=name not in _BREAKING)
        if self.state() != 'ACTIVE' or name in _BREAKING:
            self.assert_deleted()
            self.forget_guest()

    def _assert_end(self, end, words):
        fault = self.fault()
        if end != table.MAY_FAIL:
            self.assertEqual(end, self.state(), fault)
            for each in words:
                self.assertIn(each, fault)
        elif self.state() != 'ACTIVE':
            self.assertEqual('ERROR', self.state(), fault)
            self.assertTrue(any(each in fault for each in words), fault)

    def _given(self, what, how):
        """Nothing for a creation, else an instance that works."""
        if self.guest is not None and (
            what == 'create' or self.state() != 'ACTIVE'
        ):
            self.assert_deleted()
            self.forget_guest()
        if what == 'create':
            self.given_new(speaks=isinstance(how, dict) or how[0] not in _MUTE)
        elif self.guest is None:
            self.given_active()
