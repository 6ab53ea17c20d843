# SPDX-License-Identifier: Apache-2.0
"""Images by their tags."""

from __future__ import annotations

from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import things


class ImagesTest(clouds.TestCase):
    def test_the_newest_with_all_tags_is_taken(self):
        self.services.images_ = [things.Thing(id='new')]

        self.given(image_id=None, image_tags=['trove', 'mysql'])

        (server,) = self.services.things['server'].values()
        self.assertEqual('new', server.image_id)

    def test_a_version_without_one_is_told(self):
        for tags, text in (
            ((), 'neither an image nor tags'),
            (('trove', 'mysql'), 'with the tags trove, mysql'),
        ):
            error = self.assertRaises(
                exception.CloudError,
                self.given,
                image_id=None,
                image_tags=tags,
            )

            self.assertIn(text, str(error))
