#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The configuration of each service; to be sourced by up.sh.
#
# shellcheck disable=SC2154  # the variables of settings.sh

# conf NAME: write a file from standard input.
conf() {
    cat >"$OSRIG/etc/$1"
}

# auth USER: the credentials of a service, for any section.
auth() {
    cat <<X
auth_url = $keystone_url
auth_type = password
username = $1
password = osrig
project_name = service
user_domain_id = default
project_domain_id = default
region_name = RegionOne
X
}

# common USER: sections that all services have.
common() {
    cat <<X
[oslo_concurrency]
lock_path = $OSRIG/lock
[keystone_authtoken]
www_authenticate_uri = $keystone_url
$(auth "$1")
service_token_roles = service
service_token_roles_required = True
memcached_servers =
[service_user]
send_service_user_token = True
$(auth "$1")
[oslo_messaging_notifications]
driver = noop
X
}

configure() {
    configure_keystone
    configure_placement
    configure_glance
    configure_neutron
    configure_cinder
    configure_nova
    configure_barbican
    configure_swift
}

configure_keystone() {
    conf keystone.conf <<X
[database]
connection = $sql_url/keystone
[fernet_tokens]
key_repository = $OSRIG/keystone/fernet
[credential]
key_repository = $OSRIG/keystone/cred
[token]
expiration = 28800
[identity]
password_hash_rounds = 4
[cache]
enabled = True
backend = dogpile.cache.memory
X
}

configure_placement() {
    conf placement.conf <<X
[placement_database]
connection = $sql_url/placement
[api]
auth_strategy = keystone
$(common placement)
X
}

configure_glance() {
    conf glance-api.conf <<X
[DEFAULT]
enabled_backends = file:file
enabled_import_methods = [glance-direct]
node_staging_uri = file://$OSRIG/glance/staging
[os_glance_staging_store]
filesystem_store_datadir = $OSRIG/glance/staging
[os_glance_tasks_store]
filesystem_store_datadir = $OSRIG/glance/tasks
[database]
connection = $sql_url/glance
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $OSRIG/glance/images
[paste_deploy]
flavor = keystone
config_file = $OSRIG_VENV/etc/glance/glance-api-paste.ini
$(common glance)
X
}

configure_neutron() {
    conf neutron.conf <<X
[DEFAULT]
core_plugin = ml2
service_plugins = router
api_paste_config = $OSRIG_VENV/etc/neutron/api-paste.ini
state_path = $OSRIG/neutron
transport_url = $rabbit_url
notify_nova_on_port_status_changes = True
notify_nova_on_port_data_changes = True
dhcp_agent_notification = False
[database]
connection = $sql_url/neutron
[nova]
$(auth nova)
[ml2]
type_drivers = flat,local,vxlan
tenant_network_types = vxlan
mechanism_drivers = osrig
extension_drivers = port_security
[ml2_type_flat]
flat_networks = public
[ml2_type_vxlan]
vni_ranges = 1:2000
[securitygroup]
enable_security_group = True
$(common neutron)
X
}

configure_cinder() {
    conf cinder.conf <<X
[DEFAULT]
transport_url = $rabbit_url
auth_strategy = keystone
api_paste_config = $OSRIG_VENV/etc/cinder/api-paste.ini
state_path = $OSRIG/cinder
enabled_backends = rig
default_volume_type = rig
my_ip = 127.0.0.1
glance_catalog_info = image:glance:publicURL
[database]
connection = $sql_url/cinder
[coordination]
backend_url = file://$OSRIG/cinder/locks
[nova]
interface = public
$(auth nova)
[rig]
volume_driver = osrig.filevol.FileDriver
volume_backend_name = rig
rig_volumes = $OSRIG/volumes
$(common cinder)
X
}

configure_nova() {
    local i
    conf nova.conf <<X
[DEFAULT]
transport_url = $rabbit_url
my_ip = 127.0.0.1
state_path = $OSRIG/nova
compute_driver = osrig.NamespaceDriver
compute_monitors =
allow_resize_to_same_host = True
resize_confirm_window = 0
force_config_drive = False
reserved_host_memory_mb = 0
sync_power_state_interval = 30
instance_build_timeout = 1800
[api]
auth_strategy = keystone
[wsgi]
api_paste_config = $OSRIG_VENV/etc/nova/api-paste.ini
[vnc]
enabled = False
[placement]
$(auth nova)
[neutron]
$(auth nova)
service_metadata_proxy = False
[cinder]
os_region_name = RegionOne
catalog_info = volumev3:cinderv3:publicURL
$(auth nova)
[glance]
$(auth nova)
[scheduler]
discover_hosts_in_cells_interval = 5
workers = 1
[conductor]
workers = 1
[filter_scheduler]
enabled_filters = ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter
$(common nova)
X
    # Not for nova-compute, which may not touch the databases.
    conf nova-db.conf <<X
[api_database]
connection = $sql_url/nova_api
[database]
connection = $sql_url/nova
X
    # The API reads its files from one directory, and only one nova.conf.
    mkdir -p "$OSRIG/etc/nova-api"
    cp "$OSRIG_VENV/etc/nova/api-paste.ini" "$OSRIG/etc/nova-api/"
    cat "$OSRIG/etc/nova.conf" "$OSRIG/etc/nova-db.conf" |
        conf nova-api/nova.conf
    for i in $(seq "${OSRIG_COMPUTES:-1}"); do
        conf "nova-cmp$i.conf" <<X
[DEFAULT]
host = cmp$i
state_path = $OSRIG/nova/cmp$i
X
    done
}

configure_barbican() {
    conf barbican.conf <<X
[DEFAULT]
host_href = http://127.0.0.1:$(port 9311)
db_auto_create = True
transport_url = fake:/
[database]
connection = $sql_url/barbican
[queue]
enable = False
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=
$(common barbican)
X
}

# swift_server NAME PORT: an account, container or object server.
swift_server() {
    conf "swift/$1.conf" <<X
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
user = root
swift_dir = $OSRIG/etc/swift
devices = $OSRIG/swift
mount_check = false
workers = 0
disable_fallocate = true
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
X
}

configure_swift() {
    local each
    mkdir -p "$OSRIG/etc/swift"
    conf swift/swift.conf <<X
[swift-hash]
swift_hash_path_suffix = s
swift_hash_path_prefix = p
[storage-policy:0]
name = gold
default = yes
X
    swift_server account "$(port 6202)"
    swift_server container "$(port 6201)"
    swift_server object "$(port 6200)"
    conf swift/proxy.conf <<X
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $(port 8080)
user = root
swift_dir = $OSRIG/etc/swift
workers = 0
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck listing_formats bulk tempurl authtoken keystoneauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = True
$(auth swift)
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member, swiftoperator
reseller_admin_role = ResellerAdmin
$(for each in catch_errors gatekeeper healthcheck listing_formats bulk tempurl copy \
        slo dlo; do
        printf '[filter:%s]\nuse = egg:swift#%s\n' "$each" "$each"
    done)
X
}

# environment USER PROJECT: what makes a client theirs.
environment() {
    cat <<X
export OS_AUTH_URL=$keystone_url OS_IDENTITY_API_VERSION=3
export OS_USERNAME=$1 OS_PASSWORD=osrig OS_PROJECT_NAME=$2
export OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default
export OS_REGION_NAME=RegionOne
export OSRIG=$OSRIG OSRIG_VENV=$OSRIG_VENV OSRIG_PREFIX=$OSRIG_PREFIX
export OSRIG_NS=$OSRIG_NS OSRIG_CLIENT_NS=$OSRIG_CLIENT_NS
export PATH=$OSRIG_VENV/bin:\$PATH
X
}

write_environments() {
    environment admin admin >"$OSRIG/admin.env"
    environment demo demo >"$OSRIG/demo.env"
    environment trove service >"$OSRIG/trove.env"
}
