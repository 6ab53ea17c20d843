# SPDX-License-Identifier: Apache-2.0
"""Each option that operators can set does something."""

from __future__ import annotations

import pathlib
import re

import trove
from trove import conf
from trove.objects import quota
from trove.tests import base

#: Read by a name that is put together, in trove/objects/quota.py.
_PUT_TOGETHER = {f'max_{name}_per_tenant' for name in quota.RESOURCES}


class UsedTest(base.TestCase):
    def test_each_option_is_read(self) -> None:
        top = pathlib.Path(trove.__file__).parent
        sources = '\n'.join(
            path.read_text()
            for path in top.rglob('*.py')
            if path.relative_to(top).parts[0] not in ('conf', 'tests')
        )

        unused = {
            f'[{group}] {option.name}'
            for group, options in conf.list_opts()
            for option in options
            if option.dest not in _PUT_TOGETHER
            and not re.search(rf"\.{option.dest}\b|'{option.dest}'", sources)
        }

        self.assertEqual(
            set(),
            unused,
            'Nothing under trove/ reads them: use them, or remove them from '
            'trove/conf/.',
        )
