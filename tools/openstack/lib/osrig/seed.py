# SPDX-License-Identifier: Apache-2.0
"""Flavors, volume types, networks and an image, if they are not there.

Usage: python -m osrig.seed AUTH_URL

Networks: "mgmt" (of project service, 10.81.0.0/24), "user" (shared,
10.82.0.0/24), "nosubnet" (shared, without a subnet) and "public" (external,
203.0.113.0/24) with a router between user and public. When it ends, the
schedulers of Nova and Cinder know of the hosts.
"""

import os
import sys
import time

import openstack

from osrig import image

cloud = openstack.connect(
    auth_url=sys.argv[1],
    username='admin',
    password='osrig',
    project_name='admin',
    user_domain_id='default',
    project_domain_id='default',
    region_name='RegionOne',
)
for number, ram, vcpus, disk in (
    (1, 512, 1, 5),
    (2, 1024, 1, 10),
    (3, 2048, 2, 20),
):
    if not cloud.compute.find_flavor(f'rig.{number}'):
        cloud.compute.create_flavor(
            id=str(number),
            name=f'rig.{number}',
            ram=ram,
            vcpus=vcpus,
            disk=disk,
        )
for name in ('rig', 'rig-fast'):
    if not cloud.block_storage.find_type(name):
        cloud.block_storage.create_type(
            name=name, extra_specs={'volume_backend_name': 'rig'}
        )
service = cloud.identity.find_project('service')


def network(name, cidr, **fields):
    made = cloud.network.find_network(name) or cloud.network.create_network(
        name=name, **fields
    )
    if cidr and not cloud.network.find_subnet(name):
        owner = {key: fields[key] for key in ('project_id',) if key in fields}
        cloud.network.create_subnet(
            network_id=made.id, name=name, ip_version=4, cidr=cidr, **owner
        )
    return made


network('mgmt', '10.81.0.0/24', project_id=service.id)
user = network('user', '10.82.0.0/24', is_shared=True)
network('nosubnet', None, is_shared=True)
public = network(
    'public',
    '203.0.113.0/24',
    is_router_external=True,
    provider_network_type='flat',
    provider_physical_network='public',
)
if not cloud.network.find_router('router'):
    router = cloud.network.create_router(
        name='router', external_gateway_info={'network_id': public.id}
    )
    subnet = cloud.network.find_subnet('user')
    cloud.network.add_interface_to_router(router, subnet_id=subnet.id)

if not cloud.image.find_image('plain'):
    image.upload(cloud, 'plain', {})

# Without one, the first volume or server ends in ERROR ("No valid host").
hosts = {
    'nova-compute': (
        cloud.compute.hypervisors,
        int(os.environ.get('OSRIG_COMPUTES') or 1),
    ),
    'cinder-volume': (cloud.block_storage.backend_pools, 1),
}
end = time.monotonic() + 300
for name, (known, wanted) in hosts.items():
    while (number := len(list(known()))) < wanted:
        if time.monotonic() > end:
            sys.exit(f'{name}: {number} of {wanted} hosts. Look at its log.')
        time.sleep(0.5)
