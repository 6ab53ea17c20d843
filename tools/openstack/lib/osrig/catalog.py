# SPDX-License-Identifier: Apache-2.0
"""Users, roles and the catalogue in Keystone.

Usage: python -m osrig.catalog AUTH_URL PREFIX
"""

import sys

from keystoneauth1 import session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client

url, prefix = sys.argv[1:3]
keystone = client.Client(
    session=session.Session(
        auth=v3.Password(
            auth_url=url,
            username='admin',
            password='osrig',
            project_name='admin',
            user_domain_id='default',
            project_domain_id='default',
        )
    )
)
AT = f'http://127.0.0.1:{prefix}'
SERVICES = {
    'compute': ('nova', f'{AT}8774/v2.1'),
    'placement': ('placement', f'{AT}8778'),
    'image': ('glance', f'{AT}9292'),
    'network': ('neutron', f'{AT}9696'),
    'volumev3': ('cinderv3', f'{AT}8776/v3/%(project_id)s'),
    'block-storage': ('cinder', f'{AT}8776/v3/%(project_id)s'),
    'key-manager': ('barbican', f'{AT}9311'),
    'object-store': ('swift', f'{AT}8080/v1/AUTH_%(tenant_id)s'),
    'database': ('trove', f'{AT}8779/v1.0/%(tenant_id)s'),
}
for kind, (name, endpoint) in SERVICES.items():
    service = keystone.services.create(name=name, type=kind)
    keystone.endpoints.create(
        service=service, url=endpoint, interface='public', region='RegionOne'
    )
projects = {p.name: p for p in keystone.projects.list()}
for name in ('service', 'demo', 'alt'):
    projects[name] = keystone.projects.create(name, domain='default')
roles = {r.name: r for r in keystone.roles.list()}
for name in (
    'member',
    'reader',
    'service',
    'creator',
    'swiftoperator',
    'ResellerAdmin',
):
    if name not in roles:
        roles[name] = keystone.roles.create(name)
SERVICE_USERS = (
    'nova',
    'placement',
    'glance',
    'neutron',
    'cinder',
    'barbican',
    'swift',
    'trove',
)
GRANTS = [(name, 'service', ('admin', 'service')) for name in SERVICE_USERS]
GRANTS += [(name, name, ('member', 'creator')) for name in ('demo', 'alt')]
for name, project, granted in GRANTS:
    user = keystone.users.create(name, domain='default', password='osrig')
    for role in granted:
        keystone.roles.grant(roles[role], user=user, project=projects[project])
