# SPDX-License-Identifier: Apache-2.0
"""What servers print on their consoles, which not all clouds keep."""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import masking
from trove.common import text

Context = trove_context.TroveContext

#: Lines and characters that are kept of an output.
LINES = 100
MOST = 8192


class Consoles:
    """The consoles of servers; none, unless a driver says otherwise."""

    def console(self, context: Context, instance_id: str) -> str:
        """Return the end of what the server printed, see :func:`end`.

        :returns: '' without a server, or when it printed nothing
        """
        return ''


def end(printed: str) -> str:
    """Return the last lines, without secrets, safe for a terminal.

    :param printed: by software of a guest, so it may be anything
    """
    lines = printed.replace('\r', '').splitlines()[-LINES:]
    shown = masking.traceback('\n'.join(lines), MOST)
    return text.printable(shown, 4 * MOST, lines=True).strip()[-MOST:]
