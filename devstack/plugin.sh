#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Deploy Trove with devstack, as doc/source/install says. In local.conf:
#
#   enable_plugin trove https://opendev.org/openstack/trove
#
# settings has the variables.
#
# shellcheck disable=SC2154  # the variables of devstack and of settings

function is_trove_enabled {
    [[ ,$ENABLED_SERVICES, == *,trove,* ]]
}

function install_trove {
    setup_develop "$TROVE_DIR" mysql,s3
    pip_install_gr python-troveclient
}

function configure_trove {
    sudo install -d -o "$STACK_USER" "$TROVE_CONF_DIR" \
        "$TROVE_CONF_DIR/trove.conf.d" "$TROVE_STATE_DIR"
    rm -f "$TROVE_CONF" "$TROVE_GUESTAGENT_CONF" "$TROVE_KEYS"
    cp "$TROVE_DIR/etc/trove/api-paste.ini" "$TROVE_CONF_DIR/"
    configure_keystone_authtoken_middleware "$TROVE_CONF" trove
    iniset_rpc_backend trove "$TROVE_CONF"
    iniset "$TROVE_CONF" database connection "$(database_connection_url trove)"
    iniset "$TROVE_CONF" DEFAULT api_paste_config \
        "$TROVE_CONF_DIR/api-paste.ini"
    iniset "$TROVE_CONF" DEFAULT bind_port "$TROVE_PORT"
    iniset "$TROVE_CONF" DEFAULT use_nova_server_config_drive true
    iniset "$TROVE_CONF" DEFAULT default_datastore "$TROVE_GUEST_DATASTORE"
    iniset "$TROVE_CONF" DEFAULT guest_config "$TROVE_GUESTAGENT_CONF"
    iniset "$TROVE_CONF" DEFAULT rpc_seal_minimum authenticated
    iniset "$TROVE_CONF" cloud driver openstack
    iniset "$TROVE_CONF" cloud_openstack nics_required true
    configure_trove_service_credentials
    # Guests cannot reach the loopback address of the broker. Only host, port
    # and virtual host count: each guest gets an account of its own.
    iniset "$TROVE_CONF" taskmanager guest_transport_url \
        "rabbit://$TROVE_MGMT_ADDRESS:5672/"
    sudo rabbitmq-plugins enable rabbitmq_management
    sudo rabbitmqctl set_user_tags "$RABBIT_USERID" administrator
    iniset "$TROVE_CONF" guest_accounts management_url \
        "http://$RABBIT_HOST:15672"
    iniset "$TROVE_GUESTAGENT_CONF" DEFAULT debug true
    trove_manage generate_keys --file "$TROVE_KEYS"
}

function configure_trove_service_credentials {
    local name
    for name in auth_url:"$KEYSTONE_SERVICE_URI" auth_type:password \
        username:trove password:"$SERVICE_PASSWORD" \
        project_name:"$SERVICE_PROJECT_NAME" region_name:"$REGION_NAME" \
        user_domain_name:"$SERVICE_DOMAIN_NAME" \
        project_domain_name:"$SERVICE_DOMAIN_NAME"; do
        iniset "$TROVE_CONF" service_credentials "${name%%:*}" "${name#*:}"
    done
}

function create_trove_accounts {
    create_service_user trove admin
    # For backups in the Swift accounts of users.
    get_or_create_role ResellerAdmin
    get_or_add_user_project_role ResellerAdmin trove "$SERVICE_PROJECT_NAME"
    get_or_create_service trove database 'Trove Database Service'
    get_or_create_endpoint database "$REGION_NAME" \
        "$SERVICE_PROTOCOL://$SERVICE_HOST:$TROVE_PORT/v1.0/\$(tenant_id)s"
}

function init_trove {
    recreate_database trove
    trove_manage db_sync
}

# trove_manage COMMAND [ARGUMENT...]
function trove_manage {
    "$(get_python_exec_prefix)/trove-manage" --config-file "$TROVE_CONF" \
        --config-dir "$TROVE_CONF_DIR/trove.conf.d" "$@"
}

function start_trove {
    local prefix configs
    prefix=$(get_python_exec_prefix)
    configs="--config-file $TROVE_CONF --config-dir $TROVE_CONF_DIR/trove.conf.d"
    run_process tr-api "$prefix/trove-api $configs"
    run_process tr-tmgr "$prefix/trove-taskmanager $configs"
    run_process tr-cond "$prefix/trove-conductor $configs"
}

function stop_trove {
    stop_process tr-api
    stop_process tr-tmgr
    stop_process tr-cond
}

# The management network, with an address of this host in it.
function create_trove_network {
    local network port mac device
    network=$(openstack network create --project "$SERVICE_PROJECT_NAME" \
        --format value --column id "$TROVE_MGMT_NETWORK")
    openstack subnet create --project "$SERVICE_PROJECT_NAME" \
        --network "$network" --subnet-range "$TROVE_MGMT_RANGE" \
        --gateway none "$TROVE_MGMT_NETWORK"
    iniset "$TROVE_CONF" DEFAULT management_networks "$network"
    port=$(openstack port create --project "$SERVICE_PROJECT_NAME" \
        --network "$network" --host "$(hostname)" --device-owner trove:mgmt \
        --fixed-ip "ip-address=$TROVE_MGMT_ADDRESS" --disable-port-security \
        --no-security-group --format value --column id trove-mgmt-host)
    mac=$(openstack port show --format value --column mac_address "$port")
    device=o-trove0
    sudo ovs-vsctl -- --may-exist add-port "${OVS_BRIDGE:-br-int}" $device \
        -- set Interface $device type=internal \
        -- set Interface $device "external-ids:iface-status=active" \
        -- set Interface $device "external-ids:attached-mac=$mac" \
        -- set Interface $device "external-ids:iface-id=$port"
    sudo ip link set dev $device address "$mac" up
    sudo ip address replace "$TROVE_MGMT_ADDRESS/${TROVE_MGMT_RANGE#*/}" \
        dev $device
}

function make_trove_image {
    local scratch=
    if [[ -z $TROVE_GUEST_IMAGE_FILE ]]; then
        install_package debootstrap kpartx qemu-utils
        pip_install 'diskimage-builder>=3.43'
        scratch=$(mktemp -d)
        TROVE_GUEST_IMAGE_FILE=$scratch/guest.qcow2
        ELEMENTS_PATH=$TROVE_DIR/tools/image/elements \
            DIB_RELEASE=$TROVE_GUEST_RELEASE \
            DIB_TROVE_DATASTORES=$TROVE_GUEST_DATASTORE \
            DIB_REPOLOCATION_trove=$TROVE_DIR DIB_REPOREF_trove=HEAD \
            PATH=$(get_python_exec_prefix):$PATH \
            disk-image-create -o "$TROVE_GUEST_IMAGE_FILE" debian vm \
            trove-guest
    fi
    openstack image create --disk-format qcow2 --container-format bare \
        --project "$SERVICE_PROJECT_NAME" \
        --property hw_rng_model=virtio --tag trove \
        --tag "$TROVE_GUEST_DATASTORE" --file "$TROVE_GUEST_IMAGE_FILE" \
        "trove-guest-$TROVE_GUEST_DATASTORE"
    [[ -z $scratch ]] || rm -rf "$scratch"
}

function create_trove_datastore {
    trove_manage datastore_update "$TROVE_GUEST_DATASTORE" ''
    trove_manage datastore_version_update "$TROVE_GUEST_DATASTORE" \
        "$TROVE_GUEST_VERSION" "$TROVE_GUEST_DATASTORE" '' '' 1 \
        --version "$TROVE_GUEST_VERSION" \
        --image-tags "trove,$TROVE_GUEST_DATASTORE"
    trove_manage datastore_update "$TROVE_GUEST_DATASTORE" \
        "$TROVE_GUEST_VERSION"
}

function configure_trove_tempest {
    iniset "$TEMPEST_CONFIG" service_available trove True
    iniset "$TEMPEST_CONFIG" database default_datastore_versions \
        "$TROVE_GUEST_DATASTORE:$TROVE_GUEST_VERSION"
    iniset "$TEMPEST_CONFIG" database enabled_datastores \
        "$TROVE_GUEST_DATASTORE"
}

if is_trove_enabled; then
    case "$1/${2:-}" in
        stack/install)
            install_trove
            ;;
        stack/post-config)
            create_trove_accounts
            configure_trove
            init_trove
            ;;
        stack/extra)
            create_trove_network
            make_trove_image
            create_trove_datastore
            start_trove
            ;;
        stack/test-config)
            ! is_service_enabled tempest || configure_trove_tempest
            ;;
        unstack/*)
            stop_trove
            sudo ovs-vsctl --if-exists del-port o-trove0
            ;;
        clean/*)
            sudo rm -rf "$TROVE_CONF_DIR" "$TROVE_STATE_DIR"
            ;;
    esac
fi
