# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import uuid

from trove.api import routes
from trove.objects.instance import instances
from trove.tests.unit.api import base

#: Of lists whose markers are names: one that is gone cannot be told from one
#: that has never been.
NAMES = (
    '/instances/{instance_id}/databases',
    '/instances/{instance_id}/users',
)


class TestMarker(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(module_aes_cbc_key='secret')
        self.instance = self.active()
        self.ids = {
            'instance_id': self.instance.id,
            'configuration_id': self.group(),
            'module_id': self.module(),
            'datastore': 'postgresql',
        }

    def group(self, project=base.PROJECT):
        body = {'configuration': {'name': 'mine', 'values': {}}}
        made = self.post('/configurations', body, project=project).json
        return made['configuration']['id']

    def module(self, project=base.PROJECT):
        body = {
            'name': uuid.uuid4().hex,
            'module_type': 'ping',
            'contents': base64.b64encode(b'message=hello').decode(),
        }
        made = self.post('/modules', {'module': body}, project=project).json
        return made['module']['id']

    def page(self, path, marker):
        return self.get(path, user='admin', query_string=f'marker={marker}')

    def test_one_that_is_unknown_is_refused_by_all_lists(self):
        refused = []
        for route in routes.ROUTES:
            path = route.path.replace('{project_id}', base.PROJECT)
            path = path.removeprefix(f'/{base.PROJECT}')
            if 'marker' not in (route.query or ()) or path in NAMES:
                continue

            response = self.page(path.format(**self.ids), 'nosuch')

            self.assert_refused(response, 'nosuch')
            refused.append(path)
        self.assertEqual(14, len(refused), refused)

    def test_names_of_what_is_gone_are_taken(self):
        for path in NAMES:
            response = self.page(path.format(**self.ids), 'nosuch')

            self.assertEqual(200, response.status_code, response.text)

    def test_one_of_what_is_deleted_since(self):
        gone = self.active()
        instances.mark_deleted(gone.id)
        group, module = self.group(), self.module()
        self.delete(f'/configurations/{group}')
        self.delete(f'/modules/{module}')
        for path, marker in (
            ('/instances', gone.id),
            ('/mgmt/instances', gone.id),
            ('/configurations/{configuration_id}/instances', gone.id),
            ('/modules/{module_id}/instances', gone.id),
            ('/configurations', group),
            ('/modules', module),
            ('/datastores', uuid.uuid4()),
            ('/datastores/{datastore}/versions', uuid.uuid4()),
            ('/mgmt/datastore-versions', uuid.uuid4()),
        ):
            response = self.page(path.format(**self.ids), marker)

            self.assertEqual(200, response.status_code, response.text)

    def test_one_of_another_project_is_refused(self):
        theirs = base.OTHER_PROJECT
        other = self.active(theirs).id
        for path, marker in (
            ('/instances', other),
            ('/configurations/{configuration_id}/instances', other),
            ('/modules/{module_id}/instances', other),
            ('/configurations', self.group(theirs)),
            ('/modules', self.module(theirs)),
        ):
            response = self.get(
                path.format(**self.ids), query_string=f'marker={marker}'
            )

            self.assert_refused(response, str(marker))

    def test_a_quoted_one_that_holds_nul(self):
        for path in ('/instances', *NAMES):
            response = self.get(
                path.format(**self.ids),
                query_string='marker=a%2500&marker_is_quoted=1',
            )

            self.assert_refused(response, 'U+0000')
        self.assertEqual([], self.transport.sent)
