# SPDX-License-Identifier: Apache-2.0
"""What an agent makes of an upgrade that another one had begun."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
import pathlib
import threading
import types
from typing import Any
from unittest import mock

import fixtures

from trove.guestagent.datastores.postgresql import series
from trove.tests import base
from trove.tests.fixtures import waiting

_NOTE = {'former': '17.10', 'version': '18.6'}


class SettleTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.kept = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.used: list[str] = []
        self.cluster = types.SimpleNamespace(
            kept_dir=self.kept,
            data_dir=self.kept / 'data',
            scratch_dir=self.kept / '.trove-scratch',
            kind=types.SimpleNamespace(group='postgresql'),
            data_major=lambda: self.series_in('data'),
            drop_scratch=lambda: None,
            use=self.used.append,
        )
        self.series = self.agent()

    def agent(self) -> Any:
        return series.Series(
            self.cluster,  # type: ignore[arg-type]
            mock.Mock(is_primary=True),
            mock.Mock(),
            timeout=60,
            permitted=True,
        )

    def given(self, phase: str | None = None, **directories: str) -> None:
        """What is on the volume; each directory has data of a series."""
        names = {
            'data': 'data',
            'new': '.trove-next',
            'former': '.trove-former',
        }
        for name, number in directories.items():
            path = self.kept / names[name]
            path.mkdir(exist_ok=True)
            (path / 'PG_VERSION').write_text(number)
        if phase is not None:
            text = json.dumps({**_NOTE, 'phase': phase})
            (self.kept / '.trove-series.json').write_text(text)

    def series_in(self, name: str) -> str | None:
        try:
            return (self.kept / name / 'PG_VERSION').read_text()
        except FileNotFoundError:
            return None

    def assert_there(self, data: str, former: str | None = None) -> None:
        self.assertEqual(
            (data, former, None),
            tuple(
                self.series_in(name)
                for name in ('data', '.trove-former', '.trove-next')
            ),
        )

    def test_what_was_being_made_is_thrown_away(self) -> None:
        self.given('making', data='17', new='18')

        self.series.settle()

        self.assert_there('17')
        self.assertFalse((self.kept / '.trove-series.json').exists())

    def test_the_new_data_take_their_place_from_wherever_it_was(self) -> None:
        for there in (
            {'data': '17', 'new': '18'},
            {'former': '17', 'new': '18'},
            {'former': '17', 'data': '18'},
        ):
            with self.subTest(**there):
                self.given('replacing', **there)

                self.agent().settle()

                self.assert_there('18', '17')
                self.assertEqual('18.6', self.used.pop())
                self.clear()

    def test_the_old_data_come_back_from_wherever_it_was(self) -> None:
        for there in (
            {'former': '17', 'data': '18'},
            {'former': '17', 'new': '18'},
            {'data': '17', 'new': '18'},
            {'former': '17', 'data': '18', 'new': 'half'},
        ):
            with self.subTest(**there):
                self.given('returning', **there)

                self.agent().settle()

                self.assert_there('17')
                self.assertEqual('17.10', self.used.pop())
                self.clear()

    def test_statistics_take_an_hour_for_all_databases(self) -> None:
        # Given new data of which one database takes an hour
        self.given('done')
        note = self.kept / '.trove-series.json'
        note.write_text(json.dumps({**_NOTE, 'phase': 'done', 'stale': True}))
        times = iter((0.0, 1.0, 3600.5, 3601.0))
        said: list[tuple[str, Any]] = []

        @contextlib.contextmanager
        def connect(action: str, name: str = 'postgres') -> Iterator[Any]:
            connection = mock.Mock()
            connection.execute.return_value = [('a',), ('b',)]
            yield connection
            said.extend(
                (name, call.args[0])
                for call in connection.execute.call_args_list
            )

        with fixtures.MonkeyPatch('time.monotonic', lambda: next(times)):
            self.series.renew_statistics(
                mock.Mock(open=connect)  # type: ignore[arg-type]
            )
        # Then the others are left, and it is told
        self.assertEqual(
            [('a', b'SET statement_timeout = 3599000'), ('a', 'ANALYZE')],
            said[1:],
        )
        self.assertIn("database 'b' may be slow", self.logs.output)
        # And it is not done again
        self.assertFalse(json.loads(note.read_text())['stale'])

    def clear(self) -> None:
        for path in list(self.kept.rglob('PG_VERSION')):
            path.unlink()
            path.parent.rmdir()

    def test_it_waits_for_the_volume(self) -> None:
        self.series.settle()
        self.given('making', data='17', new='18')

        self.series.settle()

        self.assert_there('17')

    def test_two_threads_do_not_do_it_at_once(self) -> None:
        self.given('replacing', data='17', new='18')
        inside, go_on = threading.Event(), threading.Event()
        replace = self.series._replace
        calls = []

        def slow() -> None:
            calls.append(None)
            inside.set()
            go_on.wait(60)
            replace()

        self.series._replace = slow
        threads = [
            threading.Thread(target=self.series.settle) for _ in range(2)
        ]
        threads[0].start()
        waiting.until(inside.is_set, 'one is at it')
        threads[1].start()
        go_on.set()
        for thread in threads:
            thread.join(60)

        self.assertEqual(1, len(calls))
        self.assert_there('18', '17')
