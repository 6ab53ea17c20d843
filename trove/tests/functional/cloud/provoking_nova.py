# SPDX-License-Identifier: Apache-2.0
"""How each error of Nova, and of the guest agent, is provoked."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import threading

from trove.tests.functional.cloud import rig
from trove.tests.functional.cloud import world

#: A flavor that is not there.
_HUGE = {'id': '77', 'name': 'huge', 'ram': 1 << 20, 'vcpus': 1, 'disk': 1}


class Nova(world.TestCase):
    @contextlib.contextmanager
    def provoke_no_host(self):
        services = [
            each
            for each in self.operator.compute.services()
            if each.binary == 'nova-compute'
        ]
        for each in services:
            self.operator.compute.disable_service(each)
        try:
            yield
        finally:
            for each in services:
                self.operator.compute.enable_service(each)

    @contextlib.contextmanager
    def provoke_slow_delete(self):
        self.given({'at': 'nova.destroy', 'do': 'delay', 'seconds': 5})
        with self.options(server_delete_time_out=1):
            yield

    @contextlib.contextmanager
    def provoke_image_gone(self):
        yield {'image_id': world.NOTHING}

    @contextlib.contextmanager
    def provoke_image_of_it_gone(self):
        """The image of an instance that works is deleted."""
        data = self.operator.image.download_image(self.image).content
        image = self.operator.image.create_image(
            name='copy',
            data=data,
            disk_format='raw',
            container_format='bare',
            visibility='public',
            validate_checksum=False,
        )
        self._given_anew(image_id=image.id)
        self.operator.image.delete_image(image)
        yield

    def _given_anew(self, **values):
        """Given an instance that was made of something else."""
        self.assert_deleted()
        self.given_active(**values)

    @contextlib.contextmanager
    def provoke_image_inactive(self):
        self.operator.image.deactivate_image(self.image)
        try:
            yield
        finally:
            self.operator.image.reactivate_image(self.image)

    @contextlib.contextmanager
    def provoke_flavor_gone(self):
        yield {'flavor': _HUGE}

    @contextlib.contextmanager
    def provoke_flavor_of_it_gone(self):
        """The flavor of an instance that works is deleted."""
        flavor = self.operator.compute.create_flavor(
            id='78', name='rig.78', ram=512, vcpus=1, disk=5
        )
        self.flavors[flavor.name] = {
            'id': flavor.id, 'name': flavor.name, 'ram': 512,
            'vcpus': 1, 'disk': 5,
        }
        self._given_anew(flavor=self.flavors[flavor.name])
        self.operator.compute.delete_flavor(flavor)
        yield

    @contextlib.contextmanager
    def provoke_group_full(self):
        group = self.service.compute.create_server_group(
            name=f'locality_{self.instance_id}', policies=['anti-affinity']
        )
        with self.other_server(
            networks='none', scheduler_hints={'group': group.id}
        ):
            yield
        self.service.compute.delete_server_group(group, ignore_missing=True)

    def _kill_server(self):
        """End the process of the server, as if it had crashed."""
        server = self.cloud.compute.get_server(self.admin, self.instance_id)
        path = pathlib.Path(rig.HOME, 'servers', server.id, 'pid')
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(path.read_text()), signal.SIGKILL)

    @contextlib.contextmanager
    def provoke_dies(self):
        self._kill_server()
        self.wait_for('SHUTOFF')
        # The agent dies with its server.
        self.forget_guest()
        with self.options(agent_call_low_timeout=2, agent_call_high_timeout=4):
            self.transport.refresh()
            yield
        self.transport.refresh()

    @contextlib.contextmanager
    def provoke_busy(self):
        """Somebody else reboots the server, which takes a while."""
        self.given({'at': 'nova.reboot', 'do': 'delay', 'seconds': 12})
        server = self.row().compute_instance_id
        self.operator.compute.reboot_server(server, 'HARD')
        yield
        if self.left():
            self.wait_for('ACTIVE')

    @contextlib.contextmanager
    def provoke_dies_while_built(self):
        def kill():
            self.wait_for('ACTIVE')
            self._kill_server()
            self.forget_guest()

        thread = threading.Thread(target=kill)
        thread.start()
        with self.options(
            group='taskmanager', guest_first_heartbeat_timeout=45
        ):
            yield
        thread.join()

    @contextlib.contextmanager
    def provoke_silent(self):
        with self.options(
            group='taskmanager', guest_first_heartbeat_timeout=3
        ):
            yield

    @contextlib.contextmanager
    def provoke_locked(self):
        server = self.row().compute_instance_id
        self.operator.compute.lock_server(server)
        yield

    @contextlib.contextmanager
    def provoke_server_gone(self):
        self.cloud.compute.delete_server(self.admin, self.instance_id)
        yield
