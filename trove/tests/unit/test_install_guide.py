# SPDX-License-Identifier: Apache-2.0
"""The install guide is a script, which tools/openstack/deploy.sh runs.

So is the page of takeovers, for takeover.py.
"""

from __future__ import annotations

import pathlib
import runpy
import subprocess

import fixtures

from trove.tests import base
from trove.tests.unit import import_rules

_GUIDE = import_rules.TOP / 'doc/source/install'
_PAGE = """\
Title
=====

.. code-block:: console

   # first \\
         argument
   $ for each in 1 2; do
       second $each
     done
   # mariadb
   SELECT 1;

.. code-block:: console
   :class: alternative

   # never

.. code-block:: ini
   :caption: /etc/it.conf

   [DEFAULT]
   a = 1

   b = 2

.. code-block:: ini

   [only = shown]

.. literalinclude:: it.service
   :language: ini
   :caption: it.service

Second
======

1. In a list:

   .. code-block:: console

      # third \\
            argument

   .. code-block:: ini
      :caption: /etc/second.conf

      [DEFAULT]

Third
=====

.. code-block:: console

   # fourth
"""


class InstallGuideTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        module = runpy.run_path(
            str(import_rules.TOP / 'tools/openstack/guide.py')
        )
        self.steps = module['steps']

    def test_what_a_page_does(self) -> None:
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (top / 'page.rst').write_text(_PAGE)
        (top / 'it.service').write_text('[Unit]\n')

        self.assertEqual(
            [
                'first \\\n      argument',
                'for each in 1 2; do\n    second $each\n  done',
                'mariadb <<\\EOF\nSELECT 1;\nEOF',
                'told >/etc/it.conf <<\\EOF\n[DEFAULT]\na = 1\n\nb = 2\nEOF',
                'told >/etc/systemd/system/it.service <<\\EOF\n[Unit]\nEOF',
            ],
            self.steps(top / 'page.rst', 'Title'),
        )
        self.assertEqual(
            [
                'third \\\n      argument',
                'told >/etc/second.conf <<\\EOF\n[DEFAULT]\nEOF',
            ],
            self.steps(top / 'page.rst', 'Second'),
        )
        self.assertEqual(
            ['fourth'], self.steps(top / 'page.rst', 'Third')
        )
        self.assertEqual(8, len(self.steps(top / 'page.rst')))

    def test_the_guide(self) -> None:
        found = [
            step
            for name in ('api-server.rst', 'controller.rst')
            for step in self.steps(_GUIDE / name)
        ]

        script = '\n'.join(found)
        subprocess.run(['bash', '-n', '-c', script], check=True)
        for part in (
            *('git clone', 'openstack user create', 'driver = openstack'),
            *('systemctl enable --now trove-api', '--image-tags'),
            *('trove-manage db_sync', 'system/trove-taskmanager.service'),
        ):
            self.assertIn(part, script)
        # Other ways to do the same.
        self.assertNotIn('driver = local', script)
        self.assertNotIn('add_user guests', script)

    def test_a_takeover(self) -> None:
        page = import_rules.TOP / 'doc/source/admin/takeover.rst'
        for title, parts in (
            ('Preparation', ('git clone', 'db_sync', 'takeover.conf')),
            ('Switch-over', ('restart trove-conductor', 'trove-api')),
            ('Afterwards', ('instance rebuild INSTANCE IMAGE',)),
            ('And back', ('taskmanager = 2026.2', '/etc/trove-26.0')),
        ):
            script = '\n'.join(self.steps(page, title))
            subprocess.run(['bash', '-n', '-c', script], check=True)
            for part in parts:
                self.assertIn(part, script)
        # Services of 26.0 would read pins, and know no name of theirs.
        back = self.steps(page, 'And back')
        last = back.index('rm /etc/trove/trove.conf.d/back.conf')
        self.assertNotIn('restart', '\n'.join(back[:last]))
        # The API shows the addresses that are recorded before.
        switch = self.steps(page, 'Switch-over')
        self.assertLess(
            switch.index('trove-manage takeover'),
            switch.index('systemctl restart trove-api'),
        )
