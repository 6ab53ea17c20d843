# SPDX-License-Identifier: Apache-2.0
"""Messaging libraries that lack what some part of the RPC layer needs."""

from __future__ import annotations

import dataclasses

import fixtures

from trove.common.rpc._broker import needs

#: A name that none of them has.
NAME = 'kombu._not_there'


class Lacking(fixtures.Fixture):
    """As if a later release had taken something out of the libraries.

    :param uses: for which something is missing
    """

    def __init__(self, *uses: str) -> None:
        self._uses = uses

    def _setUp(self) -> None:
        owner, _, name = NAME.partition('.')
        self.useFixture(
            fixtures.MockPatchObject(
                needs,
                'NEEDS',
                tuple(
                    dataclasses.replace(need, names={owner: (name,)})
                    if need.use in self._uses
                    else need
                    for need in needs.NEEDS
                ),
            )
        )
        self._forget()
        self.addCleanup(self._forget)

    @staticmethod
    def _forget() -> None:
        needs.fallbacks.cache_clear()
        needs.tell.cache_clear()
