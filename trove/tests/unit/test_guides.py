# SPDX-License-Identifier: Apache-2.0
"""The guides "Add a ..." work, and each step left out is noticed."""

from __future__ import annotations

from trove.tests import base
from trove.tests.fixtures import guides
from trove.tests.unit import import_rules

_PAGES = import_rules.TOP / 'doc/source/contributor'


class EditTest(base.TestCase):
    """An edit is made as it stands, or refused."""

    OLD = 'a\nb\n\nc\n'

    def edited(self, text):
        return guides.Edit('x.py', text, True).applied(self.OLD)

    def test_lines_are_put_in_and_taken_out(self):
        self.assertEqual('a\nx\n\nc\n', self.edited(' a\n-b\n+x\n'))
        self.assertEqual('a\nb\n\nx\nc\n', self.edited(' b\n \n+x\n'))

    def test_lines_that_are_not_there_once_are_refused(self):
        for text in (' d\n+x\n', '+x\n', ' a\n c\n+x\n'):
            error = self.assertRaises(ValueError, self.edited, text)
            self.assertIn('x.py', str(error))

    def test_a_file_is_made_once(self):
        whole = guides.Edit('x.py', 'a\n', False)

        self.assertEqual('a\n', whole.applied(None))
        self.assertRaises(ValueError, whole.applied, self.OLD)

    def test_a_page_is_read(self):
        page = (
            'Title\n=====\n\nDo it\n=====\n\n'
            '.. code-block:: diff\n   :caption: x.py\n\n    a\n\n   +b\n\n'
            'Left out:\n\n.. code-block:: console\n\n'
            '   $ python -m \\\n   x\n   ...\n   one\n   two\n'
        )

        (section,) = guides.read(page)

        self.assertEqual('Do it', section.title)
        self.assertEqual(
            (guides.Edit('x.py', ' a\n \n+b\n', True),), section.edits
        )
        self.assertEqual(
            (guides.Command(('python', '-m', 'x'), ('one two',)),),
            section.commands,
        )


class GuidesTest(base.TestCase):
    """Given a copy of the tree, shared by all guides."""

    measured = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tree = guides.Tree(import_rules.TOP)
        cls.addClassCleanup(cls.tree.cleanUp)
        cls.tree.setUp()

    def check(self, name):
        sections = guides.read((_PAGES / f'{name}.rst').read_text('utf-8'))
        steps = [section for section in sections if section.edits]

        for step in steps:
            self.tree.edit(guides.without(steps, step))
            for command in step.commands:
                with self.subTest(f'{name}: {step.title}, left out'):
                    status, said = self.tree.run(command)
                    self.assertNotEqual(0, status, said)
                    self.assert_said(command, said)

        self.tree.edit(edit for step in steps for edit in step.edits)
        for section in sections:
            for command in section.commands if not section.edits else ():
                with self.subTest(f'{name}: {section.title}'):
                    status, said = self.tree.run(command)
                    self.assertEqual(0, status, said)
                    self.assert_said(command, said)

    def assert_said(self, command, said):
        for part in command.said:
            self.assertIn(part, guides.one_line(said), said)

    def test_rest_action(self):
        self.check('add-rest-action')

    def test_capability(self):
        self.check('add-capability')

    def test_cloud(self):
        self.check('add-cloud')

    def test_datastore(self):
        self.check('add-datastore')

    def test_option(self):
        self.check('add-option')

    def test_workflow(self):
        self.check('add-workflow')
