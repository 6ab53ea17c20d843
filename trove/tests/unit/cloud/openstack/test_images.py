# SPDX-License-Identifier: Apache-2.0
"""Images by their tags."""

from __future__ import annotations

from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import services
from trove.tests.unit.cloud.openstack import things

TAGS = ('trove', 'mysql')


class ImagesTest(clouds.TestCase):
    def given_image(self, image, day, owner=services.PROJECT):
        self.services.images_.append(
            things.Thing(
                id=image, owner=owner, created_at=f'2026-11-{day:02}T08:00:00Z'
            )
        )

    def used(self):
        self.given(image_id=None, image_tags=TAGS)
        (server,) = self.services.things['server'].values()
        return server.image_id

    def refused(self, tags=TAGS):
        return str(
            self.assertRaises(
                exception.CloudError,
                self.given,
                image_id=None,
                image_tags=tags,
            )
        )

    def test_the_newest_with_all_tags_is_taken(self):
        self.given_image('old', 1)
        self.given_image('new', 2)

        self.assertEqual('new', self.used())

    def test_an_image_of_a_user_is_nobodys_guest(self):
        self.given_image('ours', 1)
        self.given_image('theirs', 2, owner='p1')

        self.assertEqual('ours', self.used())

    def test_nor_when_there_is_no_other(self):
        self.given_image('theirs', 2, owner='p1')
        self.given_image('nobodys', 3, owner=None)

        error = self.refused()

        self.assertIn('image_owners', error)
        # Who asks is no operator.
        self.assertNotIn('p1', error)
        (problem,) = [
            each
            for each in self.cloud.problems({'Version 1': (None, TAGS)})
            if 'Version 1' in each
        ]
        self.assertIn('image_owners', problem)

    def test_nor_when_glance_does_not_heed_the_filter(self):
        self.given_image('theirs', 2, owner='p1')
        self.services.images = lambda **query: iter(self.services.images_)

        self.assertIn('no active image', self.refused())
        self.given_image('ours', 1)

        self.assertEqual('ours', self.used())

    def test_the_operator_may_trust_further_projects(self):
        self.config(
            image_owners=['builders', services.PROJECT],
            group='cloud_openstack',
        )
        self.given_image('ours', 1)
        self.given_image('theirs', 3, owner='p1')
        self.given_image('built', 2, owner='builders')

        self.assertEqual('built', self.used())

    def test_a_version_without_one_is_told(self):
        for tags, text in (
            ((), 'neither an image nor tags'),
            (TAGS, 'with the tags trove, mysql'),
        ):
            self.assertIn(text, self.refused(tags))
