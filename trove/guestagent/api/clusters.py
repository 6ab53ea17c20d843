# SPDX-License-Identifier: Apache-2.0
"""Declares the orders about clusters of released datastores.

The task managers of all releases send them, as version 1.0. Of the released
guests, only those of the named datastore serve them, except
cluster_complete, which all serve.
"""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

Context = trove_context.TroveContext

_SLOW = 'agent_call_high_timeout'


class Clusters:
    """Several instances that form one database."""

    @rpc.call('1.0', timeout=_SLOW)
    def cluster_complete(self, context: Context) -> None:
        """Record that the cluster is complete."""

    @rpc.call('1.5', timeout=_SLOW)
    def install_cluster(
        self,
        context: Context,
        replication_user: dict[str, Any] | None = None,
        cluster_configuration: Any = None,
        bootstrap: bool | None = None,
        members: list[str] | None = None,
    ) -> None:
        """Create a cluster: Galera sends the first three, Vertica the last."""

    @rpc.call('1.5', timeout=_SLOW)
    def grow_cluster(self, context: Context, members: list[str]) -> None:
        """Vertica: add members."""

    @rpc.call('1.5', timeout=_SLOW)
    def shrink_cluster(self, context: Context, members: list[str]) -> None:
        """Vertica: remove members."""

    @rpc.call('1.5', timeout=_SLOW, repeatable=True)
    def get_public_keys(self, context: Context, user: str) -> list[str]:
        """Vertica: return the SSH public keys of a user of the system."""

    @rpc.call('1.5', timeout=_SLOW)
    def authorize_public_keys(
        self, context: Context, user: str, public_keys: list[str]
    ) -> None:
        """Vertica: authorize SSH public keys."""

    @rpc.call('1.5', timeout=_SLOW)
    def mark_design_ksafe(self, context: Context, k: int) -> None:
        """Vertica: set the number of members that may fail."""

    @rpc.call('1.5', timeout=_SLOW)
    def reset_admin_password(
        self, context: Context, admin_password: str
    ) -> None:
        """Galera: store the administrator's password."""

    @rpc.call('1.5', timeout=_SLOW, repeatable=True)
    def get_cluster_context(self, context: Context) -> dict[str, Any]:
        """Galera: return the configuration for a new member."""

    @rpc.call('1.5', timeout=_SLOW)
    def write_cluster_configuration_overrides(
        self, context: Context, cluster_configuration: Any
    ) -> None:
        """Galera: store the settings of the cluster."""

    @rpc.call('1.5', timeout=_SLOW)
    def add_members(self, context: Context, members: list[str]) -> None:
        """MongoDB: add members to the replica set."""

    @rpc.call('1.5', timeout=_SLOW)
    def add_shard(
        self, context: Context, replica_set_name: str, replica_set_member: str
    ) -> None:
        """MongoDB: add a shard."""

    @rpc.call('1.5', timeout=_SLOW)
    def add_config_servers(
        self, context: Context, config_servers: list[str]
    ) -> None:
        """MongoDB: set the configuration servers."""

    @rpc.call('1.5', timeout=_SLOW)
    def prep_primary(self, context: Context) -> None:
        """MongoDB: initiate a replica set."""

    @rpc.call('1.5', timeout=_SLOW)
    def create_admin_user(self, context: Context, password: str) -> None:
        """MongoDB: create the administrator."""

    @rpc.call('1.5')
    def store_admin_password(self, context: Context, password: str) -> None:
        """MongoDB: store the administrator's password."""

    @rpc.call('1.5', repeatable=True)
    def get_admin_password(self, context: Context) -> str:
        """MongoDB: return the administrator's password."""

    @rpc.call('1.5', repeatable=True)
    def get_key(self, context: Context) -> str:
        """MongoDB: return the key that the members share."""

    @rpc.call('1.5', timeout=_SLOW, repeatable=True)
    def get_replica_set_name(self, context: Context) -> str:
        """MongoDB: return the name of the replica set."""

    @rpc.call('1.5', timeout=_SLOW, repeatable=True)
    def is_shard_active(self, context: Context, replica_set_name: str) -> bool:
        """MongoDB: return whether a shard is active."""

    @rpc.call('1.5', timeout=_SLOW, repeatable=True)
    def get_node_ip(self, context: Context) -> list[Any]:
        """Redis: return the address and the port of the member."""

    @rpc.call('1.5', timeout=_SLOW, repeatable=True)
    def get_node_id_for_removal(self, context: Context) -> str | None:
        """Redis: return the id of the member if it holds no data."""

    @rpc.call('1.5', timeout=_SLOW)
    def remove_nodes(self, context: Context, node_ids: list[str]) -> None:
        """Redis: remove members."""

    @rpc.call('1.5', timeout=_SLOW)
    def cluster_meet(self, context: Context, ip: str, port: int) -> None:
        """Redis: add a member."""

    @rpc.call('1.5', timeout=_SLOW)
    def cluster_addslots(
        self, context: Context, first_slot: int, last_slot: int
    ) -> None:
        """Redis: assign slots to the member."""

    @rpc.call('1.5', repeatable=True)
    def get_data_center(self, context: Context) -> str:
        """Cassandra: return the data center."""

    @rpc.call('1.5', repeatable=True)
    def get_rack(self, context: Context) -> str:
        """Cassandra: return the rack."""

    @rpc.call('1.5')
    def set_seeds(self, context: Context, seeds: list[str]) -> None:
        """Cassandra: set the seed members."""

    @rpc.call('1.5', repeatable=True)
    def get_seeds(self, context: Context) -> list[str]:
        """Cassandra: return the seed members."""

    @rpc.call('1.5')
    def set_auto_bootstrap(self, context: Context, enabled: bool) -> None:
        """Cassandra: enable or disable auto_bootstrap."""

    @rpc.call('1.5')
    def node_cleanup_begin(self, context: Context) -> None:
        """Cassandra: prepare for :meth:`node_cleanup`."""

    @rpc.cast('1.5')
    def node_cleanup(self, context: Context) -> None:
        """Cassandra: remove data that other members hold now."""

    @rpc.cast('1.5')
    def node_decommission(self, context: Context) -> None:
        """Cassandra: leave the cluster."""

    @rpc.call('1.5', timeout=_SLOW)
    def cluster_secure(
        self, context: Context, password: str
    ) -> dict[str, Any]:
        """Cassandra: create the administrator."""

    @rpc.call('1.5', repeatable=True)
    def get_admin_credentials(self, context: Context) -> dict[str, Any]:
        """Cassandra: return the administrator's name and password."""

    @rpc.call('1.5')
    def store_admin_credentials(
        self, context: Context, admin_credentials: dict[str, Any]
    ) -> None:
        """Cassandra: store the administrator's name and password."""
