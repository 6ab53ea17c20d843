# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.objectstore import _manifests
from trove.objectstore import base as store_base
from trove.tests import base


class ManifestsTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.written: dict[str, list[str]] = {}

    def write(self, name, parts):
        self.written[name] = [part.name for part in parts]
        return store_base.Part(
            name,
            _manifests.checksum(parts),
            sum(part.size for part in parts),
        )

    def parts(self, count: int, size: int = 10):
        return [
            store_base.Part(f'p{number}', f'{number:032x}', size)
            for number in range(count)
        ]

    def make(self, count: int, limit: int) -> store_base.Part:
        manifests = _manifests.Manifests('b1', limit, self.write)
        for part in self.parts(count):
            manifests.add(part)
        whole = manifests.finish('b1.gz')
        self.assertEqual(manifests.written, len(self.written) - 1)
        return whole

    def leaves(self, name: str) -> list[str]:
        if name not in self.written:
            return [name]
        return [
            leaf for each in self.written[name] for leaf in self.leaves(each)
        ]

    def test_one_manifest_as_long_as_it_can_list_all(self):
        for count in 1, 2, 3:
            with self.subTest(count):
                self.written = {}

                self.make(count, 3)

                self.assertEqual(['b1.gz'], list(self.written))

    def test_all_parts_are_listed_in_their_order(self):
        for limit in 2, 3, 5:
            for count in range(1, 40):
                with self.subTest(limit=limit, count=count):
                    self.written = {}

                    whole = self.make(count, limit)

                    self.assertEqual(
                        [f'p{number}' for number in range(count)],
                        self.leaves('b1.gz'),
                    )
                    self.assertEqual(10 * count, whole.size)
                    for listed in self.written.values():
                        self.assertLessEqual(len(listed), limit)

    def test_manifests_have_names_of_their_own(self):
        self.make(5, 2)

        self.assertEqual(
            {
                'b1_manifest_00000000': ['p0', 'p1'],
                'b1_manifest_00000001': ['p2', 'p3'],
                'b1_manifest_00000002': ['p4'],
                'b1_manifest_00000003': [
                    'b1_manifest_00000000',
                    'b1_manifest_00000001',
                ],
                'b1_manifest_00000004': ['b1_manifest_00000002'],
                'b1.gz': ['b1_manifest_00000003', 'b1_manifest_00000004'],
            },
            self.written,
        )

    def test_the_checksum_of_swift(self):
        self.assertEqual(
            _manifests.md5(b'0' * 63 + b'1'),
            _manifests.checksum(self.parts(2)),
        )

    def test_parts_alone_tell_the_checksum(self):
        for limit in 2, 3, 5:
            for count in range(1, 40):
                with self.subTest(limit=limit, count=count):
                    whole = self.make(count, limit)
                    fold = _manifests.Fold(
                        10 * limit if count > limit else None
                    )

                    for part in self.parts(count):
                        fold.add(part)

                    self.assertEqual(whole.checksum, fold.checksum())
                    self.written = {}
