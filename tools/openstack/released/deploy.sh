#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Deploy release 26.0 on the controller: API, task manager and conductor.
#
#   tools/openstack/released/deploy.sh    its versions of datastores have the
#                                         image with the tag "trove26"
#
# It is run by controller.sh, and configured as its own guide says. Its programs
# are below /opt/trove-26, and run by the Python of the host, because services
# have an account of their own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/openstack/settings.sh
. "$here/../settings.sh"
# shellcheck source=/dev/null
. "$OSRIG/admin.env"
PATH=$rig_tools/commands:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
installed=${TROVE_INTEROP_VENVS:-$rig_top/.interop}/26
packages=/opt/trove-26/lib/python3.11/site-packages
run="/usr/bin/env PYTHONPATH=$packages /usr/bin/python3 /opt/trove-26/bin"
keystone="auth_url = $keystone_url
username = trove
password = osrig
project_name = service"

manage() {
    # shellcheck disable=SC2086  # a list of words
    $run/trove-manage --config-file /etc/trove/trove.conf "$@"
}

configure() {
    cat >/etc/trove/trove.conf <<X
[DEFAULT]
transport_url = rabbit://osrig:osrig@127.0.0.1:$(port 5673)/trove
log_dir = /var/log/trove
api_paste_config = /etc/trove/api-paste.ini
bind_host = 127.0.0.1
bind_port = $(port 8779)
trove_api_workers = 1
network_driver = trove.network.neutron.NeutronDriver
management_networks = $(openstack network show --format value --column id mgmt)
use_nova_server_config_drive = True
injected_config_owner = root
volume_time_out = 300
server_delete_time_out = 300
reboot_time_out = 300
state_change_wait_time = 600
agent_call_low_timeout = 60
taskmanager_rpc_encr_key = the-key-of-the-task-managers-of-26
inst_rpc_key_encr_key = the-key-of-the-database-of-release-26

[mariadb]
usage_timeout = 1800

[database]
connection = $sql_url/trove?charset=utf8mb4

[keystone_authtoken]
www_authenticate_uri = $keystone_url
auth_type = password
$keystone
user_domain_name = Default
project_domain_name = Default

[service_credentials]
$keystone
project_id = $(openstack project show --format value --column id service)
region_name = RegionOne
X
    cat >/etc/trove/trove-guestagent.conf <<X
[DEFAULT]
transport_url = rabbit://osrig:osrig@10.81.0.1:$(port 5673)/trove
log_dir = /var/log/trove

[mariadb]
backup_docker_image = openstacktrove/db-backup-mariadb

[postgresql]
backup_docker_image = openstacktrove/db-backup-postgresql
X
    chown trove /etc/trove/trove{,-guestagent}.conf
}

units() {
    local each
    for each in api taskmanager conductor; do
        cat >"/etc/systemd/system/trove-$each.service" <<X
[Service]
User=trove
ExecStart=$run/trove-$each --config-file /etc/trove/trove.conf
X
    done
}

datastore() {
    manage datastore_update "$1" ''
    manage datastore_version_update "$1" "$2" "$1" '' '' 1 \
        --version "$2" --image-tags trove26
    manage datastore_update "$1" "$2"
    manage db_load_datastore_config_parameters "$1" "$2" \
        "$packages/trove/templates/$1/validation-rules.json"
}

mkdir -p /opt/trove-26
mount --bind "$installed" /opt/trove-26
rabbitmqctl --quiet add_vhost trove
rabbitmqctl --quiet set_permissions --vhost trove osrig '.*' '.*' '.*'
useradd --system --home-dir /var/lib/trove --create-home trove
install -d -o trove -g trove -m 0750 /etc/trove /var/log/trove
install -o trove /opt/trove-26/etc/trove/api-paste.ini /etc/trove/
configure
units
manage db_sync
datastore mariadb 10.11
datastore postgresql 18
systemctl enable --now trove-api trove-taskmanager trove-conductor
