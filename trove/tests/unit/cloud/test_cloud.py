# SPDX-License-Identifier: Apache-2.0
"""The door of the cloud package."""

from trove import cloud
from trove.cloud import local
from trove.cloud import noop
from trove.common import exception
from trove.tests import base


class LoadTestCase(base.TestCase):
    def test_each_driver_of_ours_is_loaded_by_its_name(self):
        for name, expected in (
            ('local', local.LocalCloud),
            ('noop', noop.NoopCloud),
        ):
            self.config(driver=name, group='cloud')

            self.assertIsInstance(cloud.load(self.conf), expected)

    def test_an_unknown_driver_is_refused_with_the_remedy(self):
        self.config(driver='mainframe', group='cloud')

        error = self.assertRaises(
            exception.ConfigurationError, cloud.load, self.conf
        )

        self.assertIn('mainframe', str(error))
        self.assertIn('Use one of local, noop', str(error))
