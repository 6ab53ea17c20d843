# SPDX-License-Identifier: Apache-2.0
"""Values of a message that name something in its receiver.

A class, or a state, that came with a release is not known to those before
it, although version, method and arguments are: such a message fails over
there, and the sender of a cast never learns. So a word is declared with the
release that has it first, and what those before it call the same.
``names`` in ``trove/peers/releases.json`` has what was measured; a test holds
all that is sent against it.
"""

from __future__ import annotations

import dataclasses

from trove.common.rpc import _contract
from trove.common.rpc import _interface


@dataclasses.dataclass(frozen=True)
class Word:
    """A value that names something in the receiver.

    :param since: the first release that knows it, such as ``train``
    :param instead: what means the same to a peer of a release before that
    """

    name: str
    since: str
    instead: str

    def known(
        self,
        interface: _interface.Interface,
        revision: _contract.Revision,
    ) -> bool:
        """Whether all peers of a revision know it, those of any release."""
        order: list[str] = []
        first = 0
        for each in interface.history:
            if each.index <= revision.index:
                # One that was never released is as the one before it.
                first = len(order) if each.releases else first
            order.extend(each.releases)
        return order.index(self.since) <= first

    def to(
        self,
        interface: _interface.Interface,
        revision: _contract.Revision,
    ) -> str:
        """Return the value for peers of a revision."""
        return self.name if self.known(interface, revision) else self.instead
