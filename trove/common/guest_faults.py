# SPDX-License-Identifier: Apache-2.0
"""How the faults begin that guest agents report.

Those of what is repeated end with the next success, and are found by that.
"""

from __future__ import annotations

from typing import Final

ARCHIVE_LOG: Final = 'archive the log of changes'
UPGRADE_AGENT: Final = 'upgrade itself'


def begins(action: str) -> str:
    """Return the beginning of a fault.

    :param action: completes "could not ..."
    """
    return f'The guest agent could not {action}: '
