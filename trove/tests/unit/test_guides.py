# SPDX-License-Identifier: Apache-2.0
"""The guides "Add a ..." work, and each step left out is noticed."""

from __future__ import annotations

from trove.tests import base
from trove.tests.fixtures import guides
from trove.tests.unit import import_rules

_PAGES = import_rules.TOP / 'doc/source/contributor'


class GuidesTest(base.TestCase):
    """Given a copy of the tree, shared by all guides."""

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

    def test_cloud(self):
        self.check('add-cloud')

    def test_datastore(self):
        self.check('add-datastore')

    def test_option(self):
        self.check('add-option')

    def test_workflow(self):
        self.check('add-workflow')
