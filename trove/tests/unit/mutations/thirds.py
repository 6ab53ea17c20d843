# SPDX-License-Identifier: Apache-2.0
"""Which of the mutations are tried: all of them, or one third of them.

``TROVE_MUTATIONS`` is ``all``, the default, or 0, 1 or 2.
``tools/run-tests.sh`` sets it by the day. That each of them is written for the
sources of now is tested every time.
"""

from __future__ import annotations

from collections.abc import Sequence
import os

VARIABLE = 'TROVE_MUTATIONS'


def tried(names: Sequence[str]) -> list[str]:
    """Return the names of those that are tried.

    :raises ValueError: the variable says something else
    """
    which = os.environ.get(VARIABLE) or 'all'
    if which == 'all':
        return list(names)
    if which not in ('0', '1', '2'):
        raise ValueError(f'{VARIABLE} is {which}: set it to all, 0, 1 or 2.')
    return list(names[int(which) :: 3])
