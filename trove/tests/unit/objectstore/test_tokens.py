# SPDX-License-Identifier: Apache-2.0
"""Whose token a released guest agent may get."""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import exception
from trove.objectstore import tokens
from trove.tests import base


class TokensTest(base.TestCase):
    def refused(self, **of):
        context = trove_context.TroveContext(
            **{'auth_token': 't', 'project_id': 'p', 'overwrite': False} | of
        )
        return str(
            self.assertRaises(
                exception.NotSupported, tokens.check, context, 'p'
            )
        )

    def test_a_user_of_the_project(self):
        tokens.check(
            trove_context.TroveContext(
                auth_token='t', project_id='p', overwrite=False
            ),
            'p',
        )

    def test_nobody_else(self):
        for of, reason in (
            ({'auth_token': None}, 'is not kept'),
            ({'is_admin': True}, 'that of an administrator'),
            ({'project_id': 'other'}, 'that of another project'),
        ):
            refusal = self.refused(**of)

            self.assertIn(reason, refusal)
            self.assertIn('Upgrade the guest agent, or ', refusal)
