# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the guest agent and its database, of a few lines of shell."""

import os
import pathlib

import fixtures

from trove.cloud import base as cloud_base
from trove.cloud.local import driver
from trove.cloud.local import processes
from trove.common import context
from trove.tests import base
from trove.tests.fixtures import waiting

#: Starts a "database" in a session of its own that works in the data
#: directory, writes down what it was given, then waits.
AGENT = """\
home=$(dirname "$(dirname "$2")")
echo "$@" >> "$home/arguments"
env >> "$home/environment"
data=$(sed -n 's/^data_dir = //p' "$home/etc/local.conf")
mkdir -p "$data"
(cd "$data" && exec setsid sleep 600) &
echo $$ >> "$home/pids"
exec sleep 600
"""

#: Ends at once.
BROKEN = 'echo "cannot start"; exit 3\n'


class LocalCloudTestCase(base.TestCase):
    """A local cloud in a directory of its own, with a stand-in agent."""

    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.state_dir = pathlib.Path(directory).resolve() / 'state'
        pathlib.Path(directory).chmod(0o755)
        self.script = pathlib.Path(directory, 'agent.sh')
        self.script.write_text(AGENT)
        self.config(
            group='cloud_local',
            state_dir=str(self.state_dir),
            network='127.98.0.0/16',
            probe_port=5498,
            guest_command=['/bin/sh', str(self.script)],
            stop_timeout=5,
        )
        self.context = context.make_admin_context()
        self.cloud = self.new_cloud()
        self.addCleanup(self.end_everything)

    def new_cloud(self):
        """The driver as another task manager would load it."""
        return driver.LocalCloud(self.conf)

    def end_everything(self):
        servers = self.state_dir / 'servers'
        if servers.is_dir():
            for name in os.listdir(servers):
                self.cloud.compute.delete_server(self.context, name)

    def home(self, instance_id='i1'):
        return self.state_dir / 'servers' / instance_id

    def spec(self, instance_id='i1', **kwargs):
        return cloud_base.ServerSpec(
            instance_id,
            'db',
            self.cloud.compute.get_flavor(self.context, '1'),
            files={
                'guest_info.conf': '[DEFAULT]\nguest_id = i1\n',
                'trove-guestagent.conf': '[DEFAULT]\ndebug = true\n',
            },
            **kwargs,
        )

    def create(self, instance_id='i1', **kwargs):
        return self.cloud.compute.create_server(
            self.context, self.spec(instance_id, **kwargs)
        )

    def server(self, instance_id='i1'):
        return self.cloud.compute.get_server(self.context, instance_id)

    def running(self, instance_id='i1'):
        """What runs on a server and in its volume, by name."""
        return sorted(
            processes.name(identity)
            for identity in processes.belonging_to(
                self.home(instance_id),
                self.state_dir / 'volumes' / instance_id,
            )
        )

    def agent_pids(self, instance_id='i1'):
        """The agents that were started, the one that runs now last."""
        try:
            text = (self.home(instance_id) / 'pids').read_text()
        except FileNotFoundError:
            return []
        return [int(line) for line in text.split()]

    def boot(self, instance_id='i1'):
        """The name of the boot, as the guest agent is told."""
        text = (self.home(instance_id) / 'etc/boot.conf').read_text()
        return text.partition('boot_name = ')[2]

    def wait_for_starts(self, count, instance_id='i1'):
        waiting.until(
            lambda: (
                len(self.agent_pids(instance_id)) >= count
                and self.running(instance_id) == ['sh', 'sleep', 'sleep']
            ),
            f'the guest agent has started {count} times',
        )
