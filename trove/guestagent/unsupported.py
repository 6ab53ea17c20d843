# SPDX-License-Identifier: Apache-2.0
"""Orders of released peers that no datastore supports.

By name, the required capability, which no driver has. When a driver gets it,
:class:`trove.guestagent.manager.Manager` gets the methods, and the lines here
are removed; ``trove/tests/unit/guestagent/test_orders.py`` names them. The
table cannot be derived: the contract does not have the capability of an order
that no method serves.
"""

from __future__ import annotations

from trove.guestagent.datastores import capability

Capability = capability.Capability

_CLUSTER = Capability.CLUSTER

ORDERS = {
    'add_config_servers': _CLUSTER,
    'add_members': _CLUSTER,
    'add_shard': _CLUSTER,
    'authorize_public_keys': _CLUSTER,
    'cluster_addslots': _CLUSTER,
    'cluster_complete': _CLUSTER,
    'cluster_meet': _CLUSTER,
    'cluster_secure': _CLUSTER,
    'create_admin_user': _CLUSTER,
    'get_admin_credentials': _CLUSTER,
    'get_admin_password': _CLUSTER,
    'get_cluster_context': _CLUSTER,
    'get_data_center': _CLUSTER,
    'get_key': _CLUSTER,
    'get_node_id_for_removal': _CLUSTER,
    'get_node_ip': _CLUSTER,
    'get_public_keys': _CLUSTER,
    'get_rack': _CLUSTER,
    'get_replica_set_name': _CLUSTER,
    'get_root_password': Capability.ROOT_PASSWORD,
    'get_seeds': _CLUSTER,
    'grow_cluster': _CLUSTER,
    'install_cluster': _CLUSTER,
    'is_shard_active': _CLUSTER,
    'mark_design_ksafe': _CLUSTER,
    'node_cleanup': _CLUSTER,
    'node_cleanup_begin': _CLUSTER,
    'node_decommission': _CLUSTER,
    'prep_primary': _CLUSTER,
    'remove_nodes': _CLUSTER,
    'reset_admin_password': _CLUSTER,
    'set_auto_bootstrap': _CLUSTER,
    'set_seeds': _CLUSTER,
    'shrink_cluster': _CLUSTER,
    'store_admin_credentials': _CLUSTER,
    'store_admin_password': _CLUSTER,
    'update_guest': Capability.AGENT_UPDATE,
    'write_cluster_configuration_overrides': _CLUSTER,
}
