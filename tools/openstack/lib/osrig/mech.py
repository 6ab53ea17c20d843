# SPDX-License-Identifier: Apache-2.0
"""A Neutron ML2 mechanism driver that binds every port: no agent is needed.

What agents do for security groups and floating IPs is told to
:mod:`osrig.firewall`, whenever one of them or a port of a server changes.
"""

import json
import logging

from neutron.objects import ports as port_objects
from neutron.objects import router as router_objects
from neutron.objects import securitygroup as group_objects
from neutron_lib import constants
from neutron_lib import context as contexts
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events
from neutron_lib.callbacks import registry
from neutron_lib.callbacks import resources
from neutron_lib.db import api as db_api
from neutron_lib.plugins.ml2 import api

from osrig import faults
from osrig import firewall

LOG = logging.getLogger(__name__)


class BindEverything(api.MechanismDriver):
    """Bind a port to the first segment, as a tap device, and call it ACTIVE.

    A fault "neutron.bind" leaves it unbound, which Nova sees as
    ``binding_failed`` and reports as a failed build.
    """

    def initialize(self):
        for event in (events.AFTER_CREATE, events.AFTER_DELETE):
            registry.subscribe(
                self._rule_changed, resources.SECURITY_GROUP_RULE, event
            )
        for event in (
            *(events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE),
        ):
            registry.subscribe(
                self._floating_changed, resources.FLOATING_IP, event
            )

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        port = context.current
        try:
            faults.check('neutron.bind', f'{port["name"]} {port["id"]}')
        except faults.Fault:
            return
        for segment in context.segments_to_bind:
            context.set_binding(
                segment[api.ID],
                portbindings.VIF_TYPE_TAP,
                {portbindings.CAP_PORT_FILTER: True},
                status=constants.PORT_STATUS_ACTIVE,
            )
            return

    # Security groups

    def create_port_postcommit(self, context):
        self._port_changed(context.current)

    def update_port_postcommit(self, context):
        self._port_changed(context.current)

    def delete_port_postcommit(self, context):
        with firewall.Lock():
            firewall.forget(context.current['id'])
        # With the port its floating IP leads nowhere.
        self._floating_changed()

    def _port_changed(self, port):
        if not port['device_owner'].startswith('compute:'):
            with firewall.Lock():
                firewall.forget(port['id'])
            return
        try:
            self._write_port(port)
        except Exception:
            LOG.exception('Security groups of port %s', port['id'])

    @db_api.CONTEXT_READER
    def _rules(self, context, groups):
        """Return the ingress rules of security groups."""
        found = group_objects.SecurityGroupRule.get_objects(
            context, security_group_id=list(groups)
        )
        return [
            {
                'ethertype': rule.ethertype,
                'protocol': rule.protocol,
                'port_range_min': rule.port_range_min,
                'port_range_max': rule.port_range_max,
                'remote_ip_prefix': rule.remote_ip_prefix
                and str(rule.remote_ip_prefix),
                'remote_addresses': rule.remote_group_id
                and self._members(context, rule.remote_group_id),
            }
            for rule in found
            if rule.direction == constants.INGRESS_DIRECTION
        ]

    def _members(self, context, group_id):
        """Return the addresses of the ports of a security group."""
        ports = port_objects.Port.get_objects(context)
        return sorted(
            str(address.ip_address)
            for port in ports
            if group_id in port.security_group_ids
            for address in port.fixed_ips
        )

    def _write_port(self, port):
        groups = port.get('security_groups') or ()
        rules = (
            self._rules(contexts.get_admin_context(), groups) if groups else []
        )
        told = {
            'mac_address': port['mac_address'],
            'enforced': port.get('port_security_enabled', True),
            'rules': rules,
        }
        with firewall.Lock():
            firewall.write(
                firewall.port_file(port['id'], port['device_id']),
                json.dumps(told, indent=1),
            )
            firewall.apply_server(port['device_id'])

    def _rule_changed(self, resource, event, trigger, payload):
        """Write the ports anew that have the group of a rule."""
        rule = payload.latest_state or payload.metadata
        group_id = rule.get('security_group_id')
        context = contexts.get_admin_context()
        for port in port_objects.Port.get_objects(context):
            if group_id not in port.security_group_ids:
                continue
            self._port_changed(
                {
                    'id': port.id,
                    'device_id': port.device_id,
                    'device_owner': port.device_owner,
                    'mac_address': str(port.mac_address),
                    'security_groups': port.security_group_ids,
                }
            )

    # Floating IPs

    def _floating_changed(self, *_, **__):
        context = contexts.get_admin_context()
        pairs = {
            str(each.floating_ip_address): str(each.fixed_ip_address)
            for each in router_objects.FloatingIP.get_objects(context)
            if each.fixed_ip_address
        }
        with firewall.Lock():
            firewall.write(firewall.FLOATING, json.dumps(pairs))
            firewall.apply_floating()
