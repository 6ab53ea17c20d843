# SPDX-License-Identifier: Apache-2.0
"""Import a project once and fork its services.

Most of their start is imports, and their memory is shared. The commands that
make the tables of a project are such copies, too.

    zygote.py RUN_DIRECTORY PROJECT CONFIG COMMAND...

Commands, each with its arguments separated by commas: "do=ARGUMENTS" runs the
project's manage command and waits for it; "api=PORT,ARGUMENTS" serves its API;
"SERVICE[:NAME]=ARGUMENTS" starts a service, its log and pid under NAME. The
zygote ends when all of them run.
"""

import importlib
import os
import pathlib
import signal
import sys
import time

MANAGE = {
    'cinder': 'cinder.cmd.manage',
    'glance': 'glance.cmd.manage',
    'keystone': 'keystone.cmd.manage',
    'neutron': 'neutron.db.migration.cli',
    'nova': 'nova.cmd.manage',
    'placement': 'placement.cmd.manage',
}
API = {
    'cinder': 'cinder.wsgi.api',
    'glance': 'glance.wsgi.api',
    'keystone': 'keystone.wsgi.api',
    'neutron': 'neutron.wsgi.api',
    'nova': 'nova.wsgi.osapi_compute',
    'placement': 'placement.wsgi.api',
}
SERVICES = {
    'nova': {
        'conductor': 'nova.cmd.conductor',
        'scheduler': 'nova.cmd.scheduler',
        'compute': 'nova.cmd.compute',
    },
    'cinder': {
        'scheduler': 'cinder.cmd.scheduler',
        'volume': 'cinder.cmd.volume',
    },
}
#: What each service would import at its first request otherwise, or all of the
#: copies of those projects that have an API only. Not nova.compute.manager: it
#: reads the options of its periodic tasks when it is imported.
LATER = {
    'glance': ('glance.common.wsgi_app', 'glance.api.v2.router'),
    'keystone': ('keystone.server.wsgi', 'keystone.cmd.cli'),
    'neutron': (
        'neutron.server.api',
        'neutron.plugins.ml2.plugin',
        'neutron.services.l3_router.l3_router_plugin',
    ),
    'placement': ('placement.wsgi', 'placement.deploy'),
    'nova': (
        'neutronclient.v2_0.client',
        'nova.network.neutron',
        'nova.volume.cinder',
        'cinderclient.v3.client',
        'glanceclient.v2.client',
        'openstack.connection',
        'nova.api.metadata.base',
        'nova.virt.fake',
    ),
    'cinder': (
        'glanceclient.v2.client',
        'novaclient.client',
        'cinder.compute.nova',
    ),
}


def become(log):
    """Leave the zygote's session and write to a log of one's own."""
    os.setsid()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def serve(project, port, arguments):
    import waitress

    from osrig import faults

    sys.argv = [f'{project}-api', *arguments]
    application = importlib.import_module(API[project]).application
    waitress.serve(
        faults.middleware(application, project),
        host='127.0.0.1',
        port=int(port),
        threads=8,
        ident=project,
        channel_timeout=300,
    )


def main():
    home, project, config, *commands = sys.argv[1:]
    home = pathlib.Path(home)
    base = ['--config-file', config]
    wanted = [command.split('=', 1)[0].split(':')[0] for command in commands]
    services = SERVICES.get(project, {})
    modules = [
        services[name] for name in dict.fromkeys(wanted) if name in services
    ]
    # Options are read later, but some modules look at sys.argv when imported.
    sys.argv = [project, *base]
    if services:
        # The services first: they choose between eventlet and threads.
        modules += [MANAGE[project]] if 'do' in wanted else []
        # First threads are chosen, by the environment, instead of eventlet.
        importlib.import_module(f'{project}.monkey_patch').patch()
    for module in modules:
        importlib.import_module(module)
    for module in LATER[project] if set(wanted) - {'api'} else ():
        importlib.import_module(module)
    if project == 'nova':
        import nova.virt

        nova.virt.__path__.append(str(pathlib.Path(__file__).parent / 'virt'))
    for command in commands:
        what, _, text = command.partition('=')
        what, _, name = what.partition(':')
        arguments = text.split(',') if text else []
        name = name or f'{project}-{what}'
        pid = os.fork()
        if not pid:
            become(home / 'log' / f'{name}.log')
            if what == 'do':
                sys.argv = [f'{project}-manage', *base, *arguments]
                os._exit(importlib.import_module(MANAGE[project]).main() or 0)
            elif what == 'api':
                serve(project, arguments[0], [*base, *arguments[1:]])
            else:
                sys.argv = [name, *base, *arguments]
                importlib.import_module(SERVICES[project][what]).main()
            os._exit(0)
        if what == 'do':
            status = os.waitpid(pid, 0)[1]
            if status:
                sys.exit(
                    f'{project}-manage {" ".join(arguments)} failed: '
                    f'log/{name}.log has the reason'
                )
        else:
            (home / 'run' / f'{name}.pid').write_text(str(pid))
    time.sleep(0.2)
    os._exit(0)


main()
