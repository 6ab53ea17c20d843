# SPDX-License-Identifier: Apache-2.0
"""What may become of a key of a body."""

from __future__ import annotations

from typing import NamedTuple
import uuid

from trove.objects import datastore as datastores
from trove.objects import parameter as parameters

#: Id of what is there: an instance, a backup, and a group with the value 7 of
#: the parameter "ann".
GROUP = str(uuid.uuid4())
ANN = parameters.Parameter('ann', 'integer')

_II = '/{project_id}/instances/{instance_id}'
_UU = _II + '/users/{name}'
_CC = '/{project_id}/configurations/{configuration_id}'
_MP = '/{project_id}/mgmt/datastores/versions/{version}/parameters'


class Applied(NamedTuple):
    """The text turns up in a message, or in what is shown."""

    body: object
    text: str


class Refused(NamedTuple):
    """The answer is this status, and the error names the text."""

    body: object
    status: int
    text: str


def given_another_state(guest):
    """Given another version to upgrade to, and encryption to disable."""
    guest.ssl = {'status': 'on', 'mode': 'basic'}
    datastores.save_version(
        'postgresql',
        '18-more',
        manager='postgresql',
        image_id='x',
        version='18.7',
    )


def order(**changes):
    return {
        'instance': {
            'name': 'db1',
            'flavorRef': '1',
            'volume': {'size': 1},
            **changes,
        }
    }


def under(prefix, fates):
    return {f'{prefix}.{key}': fate for key, fate in fates.items()}


def _group(**changes):
    return {'configuration': {'name': 'g', 'values': {}, **changes}}


def _parameter(**changes):
    return {
        'configuration-parameter': {
            'name': 'ann',
            'data_type': 'integer',
            'restart_required': 0,
            **changes,
        }
    }


#: Of what is there already, and of what the path names.
_PARAMETER = {
    'data_type': Applied(_parameter(data_type='float'), '"type": "float"'),
    'restart_required': Applied(
        _parameter(restart_required=1), '"restart_required": true'
    ),
    'max_size': Applied(_parameter(max_size=4321), '"max": 4321'),
    'min_size': Applied(_parameter(min_size=-4321), '"min": -4321'),
}


CONFIGURATIONS = {
    ('PATCH', _II): under(
        'instance',
        {
            'name': Applied({'instance': {'name': 'mine'}}, 'mine'),
            'configuration': Applied(
                {'instance': {'configuration': GROUP}},
                '"overrides": {"ann": 7}',
            ),
            'datastore_version': Applied(
                {'instance': {'datastore_version': '18-more'}}, 'upgrade'
            ),
            'replica_of': Refused(
                {'instance': {'replica_of': ''}}, 400, 'not a replica'
            ),
            'slave_of': Refused(
                {'instance': {'slave_of': GROUP}}, 400, 'slave_of'
            ),
        },
    ),
    ('POST', '/{project_id}/configurations'): under(
        'configuration',
        {
            'name': Applied(_group(name='mine'), '"name": "mine"'),
            'description': Applied(_group(description='of me'), 'of me'),
            'values': Applied(_group(values={'ann': 42}), '{"ann": 42}'),
            'datastore.type': Refused(
                _group(datastore={'type': 'nosuch'}), 404, 'nosuch'
            ),
            'datastore.version': Refused(
                _group(datastore={'version': 'nosuch'}), 400, 'nosuch'
            ),
            'datastore.version_number': Refused(
                _group(datastore={'version_number': '7'}), 400, 'version'
            ),
        },
    ),
    ('PATCH', _CC): {
        'configuration.values': Applied(
            {'configuration': {'values': {'ann': 42}}}, '"ann": 42'
        ),
    },
    ('PUT', _CC): under(
        'configuration',
        {
            'name': Applied(_group(name='mine'), '"name": "mine"'),
            'description': Applied(_group(description='of me'), 'of me'),
            'values': Applied(_group(values={'ann': 42}), '"ann": 42'),
        },
    ),
    ('POST', _MP): under(
        'configuration-parameter',
        {
            'name': Refused(_parameter(), 400, 'ann'),
            **{
                key: Applied(
                    {
                        'configuration-parameter': {
                            **fate.body['configuration-parameter'],
                            'name': f'of_{key}',
                        }
                    },
                    fate.text,
                )
                for key, fate in _PARAMETER.items()
            },
        },
    ),
    ('PUT', _MP + '/{name}'): under(
        'configuration-parameter',
        {
            'name': Refused(_parameter(name='other'), 400, 'other'),
            **_PARAMETER,
        },
    ),
}

USERS = {
    ('PUT', _UU): under(
        'user',
        {
            'name': Applied({'user': {'name': 'carol'}}, 'carol'),
            'password': Applied({'user': {'password': 'chosen'}}, 'chosen'),
            'host': Refused({'user': {'host': '192.0.2.9'}}, 400, '192.0.2.9'),
        },
    ),
    ('PUT', _UU + '/databases'): {
        'databases[].name': Applied(
            {'databases': [{'name': 'shop'}]}, '"databases": ["shop"]'
        ),
    },
}

#: Of other queries nothing is applied, and each is refused.
QUERIES = {
    'limit': Refused('limit=0', 400, 'limit'),
    'include_clustered': Refused('include_clustered=some', 400, 'clustered'),
    'count_only': Refused('count_only=some', 400, 'count_only'),
    'all_projects': Refused('all_projects=some', 400, 'all_projects'),
    'deleted': Refused('deleted=some', 400, 'deleted'),
    'include_certificate': Refused(
        'include_certificate=some', 400, 'include_certificate'
    ),
}
