# SPDX-License-Identifier: Apache-2.0
"""How each error of Cinder is provoked."""

from __future__ import annotations

import contextlib

from openstack import exceptions as sdk_exceptions

from trove.tests.functional.cloud import world


class Cinder(world.TestCase):
    @contextlib.contextmanager
    def provoke_volume_stuck(self, step):
        self.given({'at': f'cinder.{step}', 'do': 'delay', 'seconds': 10})
        with self.options(volume_time_out=3):
            yield

    @contextlib.contextmanager
    def provoke_attach_stuck(self):
        self.given({'at': 'cinder.attach', 'do': 'delay', 'seconds': 15})
        with self.options(usage_timeout=6):
            yield

    @contextlib.contextmanager
    def provoke_volume_status(self, status):
        """Somebody else has the volume, for a while."""
        volume = self.row().volume_id
        self.cloud.compute.delete_server(self.admin, self.instance_id)
        self._set_volume_status(volume, status)
        try:
            with self.options(volume_time_out=2):
                yield
        finally:
            with contextlib.suppress(sdk_exceptions.NotFoundException):
                self._set_volume_status(volume, 'available')

    @contextlib.contextmanager
    def provoke_volume_of_other(self):
        """Another server uses the volume."""
        volume = self.row().volume_id
        self.cloud.compute.delete_server(self.admin, self.instance_id)
        with (
            self.other_server(networks='none') as server,
            self.options(volume_time_out=2),
        ):
            self.service.compute.create_volume_attachment(
                server, volume_id=volume
            )
            found = self.service.block_storage.get_volume(volume)
            self.service.block_storage.wait_for_status(found, 'in-use')
            yield

    @contextlib.contextmanager
    def provoke_volume_reserved(self):
        """Somebody else does something with the volume of a server."""
        volume = self.row().volume_id
        self._set_volume_status(volume, 'reserved', 'attached')
        try:
            with self.options(volume_time_out=2):
                yield
        finally:
            self._set_volume_status(volume, 'in-use', 'attached')

    def _set_volume_status(self, volume, status, attached='detached'):
        self.operator.block_storage.reset_volume_status(
            volume, status, attached, 'none'
        )

    @contextlib.contextmanager
    def provoke_volume_gone(self):
        self.cloud.compute.delete_server(self.admin, self.instance_id)
        self.cloud.volumes.delete(self.admin, self.instance_id)
        yield
