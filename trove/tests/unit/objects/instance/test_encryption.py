# SPDX-License-Identifier: Apache-2.0
"""The certificate of an instance, in the columns of release 26."""

from __future__ import annotations

from trove.db import models
from trove.db import session
from trove.objects.instance import encryption
from trove.tests.unit.api import base


class EncryptionTest(base.TestCase):
    def test_recorded(self):
        instance = self.active()

        encryption.record(instance.id, encryption.known('mtls'), 'a-secret')
        encryption.record('of nobody', 'mtls', 'a-secret')

        with session.reader() as db:
            row = db.get(models.Instance, instance.id)
            self.assertEqual('mtls', row.ssl_mode)
            self.assertEqual('a-secret', row.ssl_ref)

    def test_what_the_server_has_made_itself(self):
        self.assertIsNone(encryption.known('builtin'))
