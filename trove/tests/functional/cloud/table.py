# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a cloud, and what then is of an instance.

A row is (what is wrong, what is asked for, how to provoke it, what the
instance is then, words of its fault[, what of it is left]). How to provoke
it is a method of :mod:`test_openstack_table`, with arguments; or a rule of
``faults.json``. Of an instance that works all is there, and of one that could
not be created nothing, unless the row says otherwise.
"""

from __future__ import annotations

from trove.tests.functional.cloud import world


def _all_but(*kinds: str) -> dict[str, int]:
    return {
        kind: count
        for kind, count in world.WHOLE.items()
        if kind not in kinds
    }


def _rule(at: str, match: str = '', **rule: object) -> dict[str, object]:
    return {'at': at, 'match': match, **rule}


_SERVER = 'POST /v2.1/servers$'
_ACTION = 'POST /v2.1/servers/.*/action$'

#: The cloud does not tell what is left while it is wrong.
UNKNOWN = 'unknown'

#: ACTIVE; or ERROR, with one of the words: Nova ends a build or a resize at
#: once when a service does not answer it, and asks neither Trove nor again.
MAY_FAIL = 'ACTIVE, or ERROR by Nova'
_OF_NOVA = ('services that Nova needs run', 'logs of nova-compute')

ROWS = (
    # Nova and its hosts
    ('no valid host', 'create', ('no_host',), 'ERROR',
     ('No valid host', 'Add compute hosts')),
    ('no valid host', 'resize', ('no_host',), 'ERROR', ('No valid host',)),
    ('no valid host', 'grow', ('no_host',), 'ACTIVE', ()),
    ('no valid host', 'delete', ('no_host',), 'gone', ()),
    ('build failed on the host', 'create',
     _rule('nova.spawn', do='error'), 'ERROR',
     ('Exceeded maximum number of retries', 'logs of nova-compute')),
    ('resize failed on the host', 'resize',
     _rule('nova.resize', do='error', text='no luck'), 'ERROR', ('no luck',)),
    ('delete failed on the host', 'delete',
     _rule('nova.destroy', times=1, do='error', text='no luck'), 'ERROR',
     ('no luck', 'tried again by itself'), world.WHOLE),
    ('delete takes long', 'delete',
     ('slow_delete',), 'ERROR', ('not done after',), world.WHOLE),
    ('quota of Nova', 'create',
     ('quota', 'compute', {'instances': 0}), 'ERROR', ('Raise the quota',)),
    ('quota of Nova', 'resize',
     ('quota', 'compute', {'ram': 600}), 'ERROR', ('Raise the quota',)),
    ('quota of Nova', 'delete',
     ('quota', 'compute', {'instances': 1}), 'gone', ()),
    ('image gone', 'create', ('image_gone',), 'ERROR',
     ('Give the datastore version an active image',)),
    ('image not active', 'create', ('image_inactive',), 'ERROR',
     ('Give the datastore version an active image',)),
    ('image not active', 'resize', ('image_inactive',), 'ACTIVE', ()),
    ('image not active', 'delete', ('image_inactive',), 'gone', ()),
    ('image of it gone', 'resize', ('image_of_it_gone',), 'ACTIVE', ()),
    ('image of it gone', 'delete', ('image_of_it_gone',), 'gone', ()),
    ('flavor gone', 'create', ('flavor_gone',), 'ERROR',
     ('Use a flavor that Nova lists',)),
    ('flavor gone', 'resize', ('flavor_gone',), 'ERROR',
     ('Use a flavor that Nova lists',)),
    ('flavor of it gone', 'resize', ('flavor_of_it_gone',), 'ACTIVE', ()),
    ('flavor of it gone', 'delete', ('flavor_of_it_gone',), 'gone', ()),
    ('server group full', 'create', ('group_full',), 'ERROR',
     ('No valid host',)),
    ('server dies by itself', 'create', ('dies_while_built',), 'ERROR',
     ('sent no heartbeat', 'SHUTOFF')),
    ('server dies by itself', 'resize', ('dies',), 'ERROR',
     ('stop the database',)),
    ('server dies by itself', 'grow', ('dies',), 'ERROR',
     ('enlarge the file system',)),
    ('server dies by itself', 'delete', ('dies',), 'gone', ()),
    ('agent never comes', 'create', ('silent',), 'ERROR',
     ('sent no heartbeat',)),
    ('server locked', 'resize', ('locked',), 'ACTIVE', ()),
    ('server locked', 'grow', ('locked',), 'ACTIVE', ()),
    ('server locked', 'delete', ('locked',), 'gone', ()),
    ('server busy', 'resize', ('busy',), 'ERROR',
     ('task_state', 'Wait until the server is idle')),
    ('server busy', 'grow', ('busy',), 'ACTIVE', ()),
    ('server busy', 'delete', ('busy',), 'gone', ()),
    ('server gone', 'resize', ('server_gone',), 'ERROR',
     ('could not be found',), _all_but('server')),
    ('server gone', 'grow', ('server_gone',), 'ACTIVE', (),
     _all_but('server')),
    ('server gone', 'delete', ('server_gone',), 'gone', ()),
    # Cinder
    ('quota of Cinder', 'create',
     ('quota', 'block_storage', {'volumes': 0}), 'ERROR',
     ('Raise the quota',)),
    ('quota of Cinder', 'create',
     ('quota', 'block_storage', {'gigabytes': 0}), 'ERROR',
     ('Raise the quota',)),
    ('quota of Cinder', 'grow',
     ('quota', 'block_storage', {'gigabytes': 0}), 'ERROR',
     ('Raise the quota',)),
    ('quota of Cinder', 'delete',
     ('quota', 'block_storage', {'volumes': 0}), 'gone', ()),
    ('volume error', 'create',
     _rule('cinder.create', do='error', text='full'), 'ERROR',
     ('has the status error', 'log of cinder-volume')),
    ('volume error', 'grow',
     _rule('cinder.extend', do='error', text='full'), 'ERROR',
     ('has the status error_extending', 'log of cinder-volume')),
    ('volume stuck in creating', 'create', ('volume_stuck', 'create'),
     'ERROR', ('not done after', 'Not undone'), {'volume': 1}),
    ('volume stuck in extending', 'grow', ('volume_stuck', 'extend'),
     'ERROR', ('not done after',)),
    ('volume stuck in attaching', 'create', ('attach_stuck',), 'ERROR',
     ('not active after',)),
    ('volume stuck in reserved', 'grow', ('volume_reserved',), 'ERROR',
     ('has the status reserved',)),
    ('volume stuck in reserved', 'delete', ('volume_status', 'reserved'),
     'ERROR', ('reserved',), {'volume': 1}),
    ('volume stuck in attaching', 'delete', ('volume_status', 'attaching'),
     'ERROR', ('attaching',), {'volume': 1}),
    ('volume of another server', 'delete', ('volume_of_other',),
     'ERROR', ('has the status in-use',), {'volume': 1}),
    ('volume error', 'delete', ('volume_status', 'error'), 'gone', ()),
    ('attach fails', 'create',
     _rule('cinder.attach', do='error', text='no path'), 'ERROR', ()),
    ('attach fails', 'create',
     # Of a server that starts, the hypervisor attaches it by itself.
     _rule('nova.plug', do='error', text='no path'), 'ERROR', ()),
    ('volume cannot be deleted', 'delete',
     _rule('cinder.delete', times=1, do='error', text='busy'), 'ERROR',
     ('error_deleting', 'log of cinder-volume'), {'volume': 1}),
    ('volume gone', 'delete', ('volume_gone',), 'gone', ()),
    # Neutron
    ('quota of Neutron', 'create', ('quota', 'network', {'ports': 0}),
     'ERROR', ('Raise the quota',)),
    ('quota of Neutron', 'create',
     ('quota', 'network', {'security_groups': 0}), 'ERROR',
     ('Raise the quota',)),
    ('quota of Neutron', 'create',
     ('quota', 'network', {'security_group_rules': 0}), 'ERROR',
     ('Raise the quota',)),
    ('quota of Neutron', 'create',
     ('quota', 'network', {'floating_ips': 0}, True), 'ERROR',
     ('of the project of the instance',)),
    ('quota of Neutron', 'resize', ('quota', 'network', {'ports': 0}),
     'ACTIVE', ()),
    ('quota of Neutron', 'delete', ('quota', 'network', {'ports': 0}),
     'gone', ()),
    ('network without subnet', 'create', ('network', 'nosubnet'), 'ERROR',
     ('has no subnet',)),
    ('subnet without router', 'create', ('no_router',), 'ERROR',
     ('no router connects', 'Connect its subnet')),
    ('network of others', 'create', ('network', 'mgmt'), 'ERROR',
     ('not one that this project may use', 'Use one that')),
    ('no external network', 'create', ('external', None), 'ERROR',
     ('public_network_id',)),
    ('no external network', 'create', ('external', 'user'), 'ERROR',
     ('public_network_id',)),
    ('network gone', 'create', ('network', None), 'ERROR',
     ('openstack network list',)),
    ('port binding failed', 'create', _rule('neutron.bind', do='error'),
     'ERROR',
     # Nova tries it on other hosts, and keeps the last reason to itself.
     ('Exceeded maximum number of retries', 'logs of nova-compute')),
    # Not in a resize: on the one host of the rig, no port is bound anew.
    ('address in use', 'create', ('address_in_use',), 'ERROR',
     ('Use another IP address',)),
    ('no address left', 'create', ('no_address',), 'ERROR',
     ('Enlarge the subnet',)),
    ('port in use', 'create', ('port_in_use',), 'ERROR', ('in use',)),
    ('ports gone', 'delete', ('ports_gone',), 'gone', ()),
    ('security group in use', 'delete', ('group_in_use',), 'ERROR',
     ('in use',), {'security group': 1}),
    # APIs
    ('token not valid', 'create', ('token',), 'ACTIVE', ()),
    ('token not valid', 'resize', ('token',), 'ACTIVE', ()),
    ('token not valid', 'grow', ('token',), 'ACTIVE', ()),
    ('token not valid', 'delete', ('token',), 'gone', ()),
    *(
        (f'{service} away for seconds', what, ('away', service, 4), end, words)
        for service in ('keystone', 'nova', 'neutron', 'cinder')
        for what, end, words in (
            ('create', MAY_FAIL, _OF_NOVA),
            ('resize', MAY_FAIL, _OF_NOVA),
            ('grow', 'ACTIVE', ()),
            ('delete', 'gone', ()),
        )
    ),
    ('glance away for seconds', 'create', ('away', 'glance', 4), MAY_FAIL,
     _OF_NOVA),
    # The services know tokens for minutes, so a deletion needs no Keystone.
    ('keystone down', 'delete', ('down', 'keystone'), 'gone', (), UNKNOWN),
    *(
        (f'{service} down', what, ('down', service), 'ERROR',
         ('Check that the service',), UNKNOWN)
        for service, jobs in (
            ('nova', ('create', 'resize', 'delete')),
            ('neutron', ('create', 'delete')),
            ('cinder', ('create', 'grow', 'delete')),
            ('keystone', ('create', 'resize')),
            ('glance', ('create',)),
        )
        for what in jobs
    ),
    # The APIs answer all the same, and what they were asked for comes later.
    *(
        (f'{name} down', what, ('worker_down', name), 'ERROR', words, UNKNOWN)
        for name, what, words in (
            ('nova-compute1', 'create', ('not active after',)),
            ('nova-compute1', 'delete', ('not done after', 'task deleting')),
            ('cinder-volume', 'create', ('not done after', 'creating')),
            ('cinder-volume', 'grow', ('not done after', 'extending')),
            # Nova waits for Cinder, which detaches the volume.
            ('cinder-volume', 'delete', ('not done after', 'task deleting')),
        )
    ),
    # Each as an answer to one request that changes something
    *(
        (f'HTTP {status}', 'create',
         _rule('api.nova', _SERVER, do='status', status=status), 'ERROR',
         (f'HTTP {status}', '[service_credentials]'))
        for status in (403, 401)
    ),
    *(
        ('HTTP 500', what, _rule(at, match, do='status', status=500),
         'ERROR', ('HTTP 500',), left)
        for what, at, match, left in (
            ('create', 'api.cinder', 'POST .*/volumes$', None),
            ('create', 'api.neutron', 'POST', None),
            ('create', 'api.nova', _SERVER, None),
            ('resize', 'api.nova', _ACTION, None),
            ('grow', 'api.cinder', 'POST .*/action$', None),
            ('delete', 'api.nova', 'DELETE', world.WHOLE),
            ('delete', 'api.cinder', 'DELETE', {'volume': 1}),
            ('delete', 'api.neutron', 'DELETE',
             _all_but('server', 'volume')),
        )
    ),
    ('no answer', 'create',
     _rule('api.nova', _SERVER, times=1, do='hang', seconds=1), 'ERROR',
     ('HTTP 504',)),
    ('no answer', 'resize',
     _rule('api.nova', _ACTION, times=1, do='hang', seconds=1), 'ACTIVE',
     ()),
    ('no answer', 'grow',
     _rule('api.cinder', 'POST .*/action$', times=1, do='hang', seconds=1),
     'ACTIVE', ()),
    ('no answer', 'delete',
     _rule('api.nova', 'DELETE', times=1, do='hang', seconds=1), 'gone', ()),
    ('answer lost', 'create', _rule('api.nova', _SERVER, times=1, do='drop'),
     'ACTIVE', ()),
    ('answer lost', 'resize', _rule('api.nova', _ACTION, times=1, do='drop'),
     'ACTIVE', ()),
    ('answer lost', 'grow',
     _rule('api.cinder', 'POST .*/action$', times=1, do='drop'), 'ACTIVE',
     ()),
    ('answer lost', 'delete', _rule('api.nova', 'DELETE', times=1, do='drop'),
     'gone', ()),
    ('slow', 'create', _rule('api.nova', _SERVER, do='delay', seconds=3),
     'ACTIVE', ()),
    ('slow', 'resize', _rule('api.nova', _ACTION, do='delay', seconds=3),
     'ACTIVE', ()),
    ('slow', 'grow',
     _rule('api.cinder', 'POST .*/action$', do='delay', seconds=3), 'ACTIVE',
     ()),
    ('slow', 'delete', _rule('api.neutron', 'DELETE', do='delay', seconds=1),
     'gone', ()),
)
