# SPDX-License-Identifier: Apache-2.0
"""Frozen contracts: written once, and found out when they are edited."""

from __future__ import annotations

import dataclasses

from rpc_contract import locks
from rpc_contract import model
from rpc_contract import reading
from tests import base
from tests import example


class LocksTest(example.TestCase):
    def locks(self) -> list[locks.Lock]:
        return locks.read_all(self.tree.top / 'contracts', 'cellar')

    def test_files_are_for_people_to_review(self) -> None:
        text = (self.tree.top / 'contracts/cellar/1.1.yaml').read_text()

        self.assertIn('# The contract of cellar 1.1, as released.', text)
        self.assertIn(
            """
methods:
  count:
    kind: call
    arguments:
      shelf: str = 'top'
    result: int
  find:
    kind: call
    arguments:
      wine: str
    result: str | None
  store:
""",
            text,
        )

    def test_order_is_that_of_versions(self) -> None:
        contract = model.Contract(
            'cellar',
            history=tuple(
                model.Revision(name)
                for name in ('1.0', '1.0/a', '1.2', '1.9', '1.10')
            ),
        )
        directory = self.tree.top / 'again'
        locks.freeze(directory, contract, latest=True)

        self.assertEqual(
            ['1.0', '1.0/a', '1.2', '1.9', '1.10'],
            [each.revision for each in locks.read_all(directory, 'cellar')],
        )

    def test_latest_stays_open_until_it_is_released(self) -> None:
        self.assertEqual(['1.0', '1.1'], [x.revision for x in self.locks()])

        self.freeze(latest=True)

        self.assertEqual(
            ['1.0', '1.1', '1.2'], [x.revision for x in self.locks()]
        )

    def test_freezing_never_edits_what_is_frozen(self) -> None:
        path = self.tree.top / 'contracts/cellar/1.0.yaml'
        path.write_text('as it is')

        self.freeze(latest=True)

        self.assertEqual('as it is', path.read_text())

    def test_edited_one_is_broken(self) -> None:
        path = self.tree.top / 'contracts/cellar/1.0.yaml'
        text = path.read_text()
        for edited, reason in (
            (
                text.replace('result: int', 'result: str'),
                'its digest does not match',
            ),
            (text.replace('format: 1', 'format: 9'), 'its format is 9'),
            (text.replace('kind:', 'king:'), "'kind'"),
            (text.replace('methods:', 'methods: ['), 'cannot be read'),
            ('', 'cannot be read'),
        ):
            with self.subTest(reason):
                path.write_text(edited)
                lock = self.locks()[0]
                self.assertIn(reason, str(lock.broken))
                self.assertEqual('1.0', lock.revision)

    def test_cut_off_anywhere_it_is_broken(self) -> None:
        file = self.tree.top / 'contracts/cellar/1.1.yaml'
        text = file.read_text()
        for end in range(len(text) - 1):
            file.write_text(text[:end])
            self.assertIsNotNone(locks.read(file).broken, text[:end])

    def test_value_of_another_type_is_broken_and_named(self) -> None:
        file = self.tree.top / 'contracts/cellar/1.1.yaml'
        text = file.read_text()
        deep = f'{"[" * 5000}{"]" * 5000}'
        for old, new, said in (
            ('  count:\n', '  count: 3\n  other:\n', 'count is a int'),
            ('arguments:\n      shelf', 'arguments: []\n    x', 'count'),
            ("str = 'top'", '[1]', 'shelf of count is a list'),
            ('kind: call', 'kind: [1]', 'kind of count is a list'),
            ('releases:', 'releases: 1\nx:', 'releases of it is a int'),
            ('interface: cellar', 'interface: {}', 'interface of it'),
            ('interface: cellar', f'interface: {deep}', 'cannot be read'),
            ('interface: cellar', 'interface: &a [*a]', 'is an alias'),
        ):
            with self.subTest(new[:40]):
                self.assertIn(old, text)
                file.write_text(text.replace(old, new, 1))
                self.assertIn(said, locks.read(file).broken or '')
        for whole in ('', '3', '[]', 'format: 1', '{', '\0', 'a' * 1_000_001):
            with self.subTest(whole[:40]):
                file.write_text(whole)
                self.assertIn('cannot be read', locks.read(file).broken or '')

    def test_words_before_the_contract_are_no_edit(self) -> None:
        path = self.tree.top / 'contracts/cellar/1.0.yaml'
        path.write_text('# Seen by a lawyer.\n' + path.read_text())

        self.assertIsNone(self.locks()[0].broken)

    def test_file_of_another_revision(self) -> None:
        directory = self.tree.top / 'contracts/cellar'
        text = (directory / '1.0.yaml').read_text()
        (directory / '1.1.yaml').write_text(text)

        self.assertIn('it belongs to cellar 1.0', str(self.locks()[-1].broken))

    def test_contract_without_history_is_named_by_its_version(self) -> None:
        method = model.Method(
            'brew',
            arguments=(
                model.Argument('leaves'),
                model.Argument('cups', default='2'),
            ),
            any_fields=True,
        )
        contract = model.Contract(
            'tea', version='2.3', methods={'brew': method}
        )

        (path,) = locks.freeze(self.tree.top, contract, latest=False)

        self.assertEqual('2.3.yaml', path.name)
        found = locks.read(path).contract.methods['brew']
        self.assertEqual(
            method, dataclasses.replace(found, where=model.Location())
        )

    def test_contract_without_history_and_version(self) -> None:
        self.assertRaises(
            reading.Unusable,
            locks.freeze,
            self.tree.top,
            model.Contract('tea'),
            latest=True,
        )

    def test_of_another_place_it_is_broken(self) -> None:
        file = self.tree.top / 'contracts/cellar/1.0.yaml'
        contract = dataclasses.replace(
            locks.read(file).contract, interface='../x'
        )
        file.write_text(locks.write(contract))

        self.assertIn('it belongs to ../x 1.0', str(self.locks()[0].broken))

    def test_nothing_is_written_outside(self) -> None:
        directory = self.tree.top / 'kept'
        other = self.useFixture(base.Tree()).top
        for name in ('../x', f'{other}/x', 'link', 'a\0b'):
            contract = model.Contract(name, version='1.0')
            with self.subTest(name):
                directory.mkdir(exist_ok=True)
                (directory / 'link').unlink(missing_ok=True)
                (directory / 'link').symlink_to(other)

                self.assertRaises(
                    reading.Unusable,
                    locks.freeze,
                    directory,
                    contract,
                    latest=True,
                )

        self.assertEqual([], list(other.iterdir()))
        self.assertFalse((self.tree.top / 'x').exists())

    def test_nothing_is_read_outside(self) -> None:
        other = self.useFixture(base.Tree())
        outside = other.write('9.9.yaml', 'a: secret')
        for link in ('contracts/shop', 'contracts/cellar/9.9.yaml'):
            path = self.tree.top / link
            target = outside if path.suffix else other.top
            path.symlink_to(target)
            with self.subTest(link):
                error = self.assertRaises(
                    reading.Unusable,
                    locks.read_all,
                    self.tree.top / 'contracts',
                    link.split('/')[1],
                )
                self.assertNotIn('secret', str(error))
