#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How each service is started; to be sourced by up.sh.
#
# shellcheck disable=SC2154  # the variables of settings.sh

# background NAME COMMAND...: unless it runs.
background() {
    local name=$1
    shift
    ! alive "$name" || return 0
    setsid nohup "$@" >>"$OSRIG/log/$name.log" 2>&1 </dev/null &
    echo $! >"$OSRIG/run/$name.pid"
}

wait_for() {
    local each
    for each in $(seq 480); do
        ! curl --silent --output /dev/null --max-time 10 \
            "http://127.0.0.1:$1/" || return 0
        sleep 0.25
    done
    say "nothing answers on port $1; the logs are in $OSRIG/log"
    return 1
}

# run_python MODULE [ARGUMENT...]
run_python() {
    "$OSRIG_VENV/bin/python" -m "$@"
}

# serve NAME MODULE PORT [ARGUMENT...]: a WSGI application.
serve() {
    background "$1" "$OSRIG_VENV/bin/python" -m osrig.serve "$@"
}

# once NAME COMMAND...: in the life of $OSRIG.
once() {
    local done=$OSRIG/etc/$1.synced
    shift
    [[ ! -f $done ]] || return 0
    "$@" >>"$OSRIG/log/db-sync.log" 2>&1 || {
        say "failed: $*; $OSRIG/log/db-sync.log has the reason"
        return 1
    }
    touch "$done"
}

start_rabbit() {
    local home=$OSRIG/rabbit
    mkdir -p "$home/home"
    cat >"$home/rabbitmq.conf" <<X
listeners.tcp.1 = 127.0.0.1:$(port 5673)
management.tcp.ip = 127.0.0.1
management.tcp.port = $(port 5672)
default_user = osrig
default_pass = osrig
default_user_tags.administrator = true
disk_free_limit.absolute = 10MB
X
    echo '[rabbitmq_management].' >"$home/enabled_plugins"
    if [[ ! -f $home/home/.erlang.cookie ]]; then
        head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n' \
            >"$home/home/.erlang.cookie"
        chmod 400 "$home/home/.erlang.cookie"
    fi
    HOME=$home/home \
        ERL_CRASH_DUMP=$OSRIG/log/erl_crash.dump \
        RABBITMQ_NODENAME=osrig$OSRIG_PREFIX@localhost \
        RABBITMQ_DIST_PORT=$(port 5674) \
        ERL_EPMD_PORT=$(port 4369) \
        ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf \
        RABBITMQ_CONF_ENV_FILE=$home/none \
        RABBITMQ_MNESIA_BASE=$home/mnesia \
        RABBITMQ_LOG_BASE=$home/log \
        RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins \
        RABBITMQ_PID_FILE=$home/pid \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
        background rabbit /usr/lib/rabbitmq/bin/rabbitmq-server
}

sql() {
    mariadb --no-defaults --user=root --socket="$OSRIG/run/mysql.sock" \
        --execute="$1"
}

start_db() {
    local data=$OSRIG/mysql each
    if [[ ! -d $data/mysql ]]; then
        mkdir -p "$data"
        mariadb-install-db --no-defaults --datadir="$data" --user=root \
            --auth-root-authentication-method=normal --skip-test-db \
            >"$OSRIG/log/db-install.log" 2>&1
    fi
    background db /usr/sbin/mariadbd --no-defaults --user=root \
        --datadir="$data" --socket="$OSRIG/run/mysql.sock" \
        --pid-file="$OSRIG/run/mariadb.own" --port="$(port 3306)" \
        --bind-address=127.0.0.1 --skip-log-bin --skip-name-resolve \
        --max-connections=600 --performance-schema=off \
        --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=0 \
        --innodb-doublewrite=0 --character-set-server=utf8mb3
    for each in $(seq 240); do
        ! sql 'select 1' >/dev/null 2>&1 || break
        sleep 0.25
    done
    sql "grant all on *.* to root@'127.0.0.1' identified by ''
        with grant option"
    for each in keystone placement glance neutron cinder nova_api nova \
        nova_cell0 barbican trove; do
        sql "create database if not exists $each"
    done
}

start_keystone() {
    local wanted=() owner=--keystone-user,root,--keystone-group,root
    mkdir -p "$OSRIG"/keystone/{fernet,cred}
    chmod 700 "$OSRIG"/keystone/{fernet,cred}
    [[ -f $OSRIG/etc/keystone.synced ]] || wanted+=(
        do:keystone-sync=db_sync
        "do:keystone-sync=fernet_setup,$owner"
        "do:keystone-sync=credential_setup,$owner"
        "do:keystone-sync=bootstrap,--bootstrap-password,osrig,--bootstrap-region-id,RegionOne,--bootstrap-public-url,$keystone_url,--bootstrap-internal-url,$keystone_url,--bootstrap-admin-url,$keystone_url"
    )
    OS_KEYSTONE_CONFIG_FILES=$OSRIG/etc/keystone.conf start_api keystone \
        "$OSRIG/etc/keystone.conf" 5000 "${wanted[@]}"
    wait_for "$(port 5000)"
    once catalog run_python osrig.catalog "$keystone_url" "$OSRIG_PREFIX"
}

# zygote PROJECT CONFIG COMMAND...: several services by one import.
zygote() {
    run_python osrig.zygote "$OSRIG" "$@" >>"$OSRIG/log/zygote-$1.log" 2>&1 || {
        say "$1 does not start: $OSRIG/log/zygote-$1.log has the reason"
        return 1
    }
}

# start_api PROJECT CONFIG PORT [COMMAND...]: of a project without other
# services, after the commands that make its tables.
start_api() {
    local name=$1 config=$2 wanted=("${@:4}")
    alive "$name" || wanted+=("api:$name=$(port "$3")")
    [[ ${#wanted[@]} == 0 ]] || zygote "$name" "$config" "${wanted[@]}"
    touch "$OSRIG/etc/$name.synced"
}

# unless_synced PROJECT COMMAND: in the life of $OSRIG.
unless_synced() {
    [[ -f $OSRIG/etc/$1.synced ]] || echo "do:$1-sync=$2"
}

start_placement() {
    # shellcheck disable=SC2046  # a word or none
    OS_PLACEMENT_CONFIG_DIR=$OSRIG/etc start_api placement \
        "$OSRIG/etc/placement.conf" 8778 $(unless_synced placement db,sync)
}

start_glance() {
    mkdir -p "$OSRIG"/glance/{images,staging,tasks}
    # shellcheck disable=SC2046  # a word or none
    OS_GLANCE_CONFIG_DIR=$OSRIG/etc OS_GLANCE_CONFIG_FILES=glance-api.conf \
        start_api glance "$OSRIG/etc/glance-api.conf" 9292 \
        $(unless_synced glance db_sync)
}

start_neutron() {
    mkdir -p "$OSRIG/neutron"
    make_networks
    # shellcheck disable=SC2046  # a word or none
    start_api neutron "$OSRIG/etc/neutron.conf" 9696 \
        $(unless_synced neutron upgrade,heads)
}

start_cinder() {
    local wanted=() each
    mkdir -p "$OSRIG"/{cinder/locks,volumes}
    # shellcheck disable=SC2207  # a word or none
    wanted+=($(unless_synced cinder db,sync))
    alive cinder-api || wanted+=("api=$(port 8776)")
    for each in scheduler volume; do
        alive "cinder-$each" || wanted+=("$each")
    done
    [[ ${#wanted[@]} == 0 ]] || OS_CINDER_DISABLE_EVENTLET_PATCHING=1 \
        zygote cinder "$OSRIG/etc/cinder.conf" "${wanted[@]}"
    touch "$OSRIG/etc/cinder.synced"
}

start_nova() {
    local wanted=() each database=--config-file,$OSRIG/etc/nova-db.conf
    [[ -f $OSRIG/etc/nova.synced ]] || wanted+=(
        "do:nova-sync=$database,api_db,sync"
        "do:nova-sync=$database,cell_v2,map_cell0,--database_connection,$sql_url/nova_cell0"
        "do:nova-sync=$database,db,sync"
        "do:nova-sync=$database,cell_v2,create_cell,--name,cell1,--transport-url,$rabbit_url,--database_connection,$sql_url/nova"
    )
    alive nova-api || wanted+=("api=$(port 8774),$database")
    for each in conductor scheduler; do
        alive "nova-$each" || wanted+=("$each=$database")
    done
    # Servers lie over the host's root, so on a file system of their own.
    mkdir -p "$OSRIG/servers"
    mountpoint --quiet "$OSRIG/servers" ||
        mount -t tmpfs -o size=8G,mode=755 osrig "$OSRIG/servers"
    make_networks
    for each in $(seq "${OSRIG_COMPUTES:-1}"); do
        mkdir -p "$OSRIG/nova/cmp$each"
        alive "nova-compute$each" || wanted+=("compute:nova-compute$each=--config-file,$OSRIG/etc/nova-cmp$each.conf")
    done
    [[ ${#wanted[@]} == 0 ]] || OS_NOVA_CONFIG_DIR=$OSRIG/etc/nova-api \
        OS_NOVA_DISABLE_EVENTLET_PATCHING=1 \
        zygote nova "$OSRIG/etc/nova.conf" "${wanted[@]}"
    touch "$OSRIG/etc/nova.synced"
}

# The namespace with the bridges of all networks, and that of clients outside,
# whose traffic it forwards to floating IPs only.
make_networks() (
    exec 9>"$OSRIG/lock/networks"
    flock 9
    run_python osrig.firewall
)

# relay NAME NAMESPACE PORT... -- [RULE...]: to the same ports of the host.
relay() {
    local name=$1 namespace=$2 rules=()
    shift 2
    while [[ $1 != -- ]]; do
        rules+=("$(port "$1")=127.0.0.1:$(port "$1")")
        shift
    done
    background "$name" "$OSRIG_VENV/bin/python" -m osrig.relay "$namespace" \
        "${rules[@]}" "${@:2}"
}

# Servers reach these ports on the addresses of their gateways, and clients
# outside of the cloud those of all APIs on their own.
start_relay() {
    make_networks
    # shellcheck disable=SC2086  # a list of words
    relay relay "$OSRIG_NS" 5673 5000 8080 9311 -- ${OSRIG_RELAY:-}
    relay relay-clients "$OSRIG_CLIENT_NS" 5000 8080 8774 8776 8779 9292 \
        9311 9696 --
}

start_barbican() {
    mkdir -p "$OSRIG/barbican/.barbican"
    cp "$OSRIG/etc/barbican.conf" "$OSRIG/barbican/.barbican/"
    HOME=$OSRIG/barbican \
        OSRIG_PASTE=$OSRIG_VENV/etc/barbican/barbican-api-paste.ini \
        serve barbican osrig.paste "$(port 9311)"
}

start_swift() {
    local etc=$OSRIG/etc/swift each
    mkdir -p "$OSRIG/swift/d1"
    once swift run_python osrig.rings "$etc" account="$(port 6202)" \
        container="$(port 6201)" object="$(port 6200)"
    for each in account container object; do
        background "swift-$each" "$OSRIG_VENV/bin/swift-$each-server" \
            "$etc/$each.conf"
    done
    background swift-proxy "$OSRIG_VENV/bin/swift-proxy-server" \
        "$etc/proxy.conf"
}
