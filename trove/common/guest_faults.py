# SPDX-License-Identifier: Apache-2.0
"""How the faults begin that guest agents report.

Those of what is repeated end with the next success, and are found by that.
"""

from __future__ import annotations

from typing import Final

ARCHIVE_LOG: Final = 'archive the log of changes'
UPGRADE_AGENT: Final = 'upgrade itself'

_BEGINS: Final = 'The guest agent could not'


def begins(action: str) -> str:
    """Return the beginning of a fault.

    :param action: completes "could not ..."
    """
    return f'{_BEGINS} {action}: '


def reason(message: str) -> str:
    """Return the reason within a fault: what it has after its beginning.

    Whoever repeats it says what could not be done, and a fault has 255
    characters.
    """
    begin, _, said = message.partition(': ')
    return said if begin.startswith(_BEGINS) and said else message
