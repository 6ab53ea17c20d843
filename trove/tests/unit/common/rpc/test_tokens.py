# SPDX-License-Identifier: Apache-2.0
"""Which peers get the token of a user."""

from __future__ import annotations

import contextlib
import dataclasses

from trove.common import context as trove_context
from trove.common import exception
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class TokensTest(base.MessageTestCase):
    def test_a_token_goes_only_where_the_interface_carries_it(self):
        self.context.auth_token = 'secret'
        self.context.service_catalog = [{'type': 'compute'}]

        class Trusted(
            sample.API,
            interface=dataclasses.replace(
                sample.INTERFACE, carries_token=True
            ),
        ):
            drop = sample.API.drop

        self.serve().drop(self.context, 'cup')
        Trusted(self.transport, self.id()).drop(self.context, 'cup')
        waiting.until(lambda: len(self.manager.contexts) == 2, 'both came')

        self.assertEqual(
            [(None, []), ('secret', [{'type': 'compute'}])],
            [
                (c.auth_token, c.service_catalog)
                for c in self.manager.contexts
            ],
        )

    def test_a_token_goes_to_released_peers_that_need_it(self):
        self.context.auth_token = 'secret'

        class Needed(
            sample.API,
            interface=dataclasses.replace(
                sample.INTERFACE, token_for=('no', 'what')
            ),
        ):
            drop = sample.API.drop

        self.serve()
        for announced, what in ('1.2', 'cup'), ('1.2', ''), ('1.10', 'cup'):
            self.announced = announced
            transport = self.memory_transport(
                discover={'guestagent': lambda peer, each=announced: each}
            )
            Needed(transport, self.id()).drop(self.context, what)
        waiting.until(lambda: len(self.manager.contexts) == 3, 'all came')

        self.assertEqual(
            {('cup', 'secret'), ('', None), ('cup', None)},
            {
                (arguments['what'], context.auth_token)
                for (_, arguments), context in zip(
                    self.manager.received, self.manager.contexts, strict=True
                )
            },
        )

    def test_a_token_needs_more_than_the_word_of_the_peer(self):
        # given a peer whose guest may say anything, sealed with its key
        keys = keys_fixture.Keys(None, 'k' * 32)

        def send(**of):
            transport = self.memory_transport(
                discover={'guestagent': lambda peer: None}, keys=keys
            )
            context = trove_context.TroveContext(
                auth_token='secret', overwrite=False, **of
            )

            class Needed(
                sample.API,
                interface=dataclasses.replace(
                    sample.INTERFACE, token_for=('what',)
                ),
            ):
                drop = sample.API.drop

            with contextlib.suppress(exception.PeerTooOld):
                Needed(transport, self.id()).drop(context, 'cup')

        self.transport = self.memory_transport(keys=keys)
        self.serve()

        # when it is not proven, then proven
        send()
        send(is_admin=True)
        waiting.until(lambda: len(self.manager.contexts) == 2, 'both came')
        keys.proven = {self.id()}
        send()

        waiting.until(lambda: len(self.manager.contexts) == 3, 'all came')
        self.assertEqual(
            ['secret', None, None],
            [context.auth_token for context in self.manager.contexts],
        )
