# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from rpc_contract import jsonable
from tests import base


class ChangedTest(base.TestCase):
    def test_what_json_does_not_have(self) -> None:
        for annotation, expected in (
            ('tuple[str, ...]', 'a tuple'),
            ('typing.Tuple[int, int]', 'a tuple'),
            ('set[str] | None', 'a set'),
            ('frozenset', 'a set'),
            ('list[bytes]', 'bytes'),
            ('dict[str, datetime.date]', 'a date'),
            ('Optional[datetime]', 'a datetime'),
            ('dict[int, str]', jsonable.ODD_KEYS),
            ('Mapping[tuple[str, str], str]', jsonable.ODD_KEYS),
            ("'set[str]'", 'a set'),
        ):
            self.assertEqual(expected, jsonable.changed(annotation))
            self.assertIn(expected, jsonable.ARRIVES)

    def test_what_is_kept_or_unknown(self) -> None:
        for annotation in (
            None,
            '',
            'str',
            'int | None',
            'list[dict[str, Any]]',
            'Mapping[str, list[int]]',
            'Literal["set", "tuple"]',
            'objects.Wine',
            'dict[Name, str]',
            'Callable[[int], set[str]]',
            'not python at all',
        ):
            self.assertEqual('', jsonable.changed(annotation), annotation)
