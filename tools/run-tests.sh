#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Check everything, on a machine that has Python 3.11 or later and git.
#
#   tools/run-tests.sh            all checks, with the set-up they need
#   tools/run-tests.sh NAME...    these only
#   tools/run-tests.sh --list     the names
#   tools/run-tests.sh --quick PATH...
#                                 in seconds, what matters for these files:
#                                 style, who imports whom, their unit tests,
#                                 whether they are declared wherever needed
#
# The set-up is a virtual environment (tools/install.sh --tests) and, for the
# functional tests, the system packages of bindep.txt: installed when run by
# root, else the command that does it is printed. Under tox its environment
# is used. It goes on after a failure, ends with a summary, and its status is
# 0 only if every check passed. TESTS_ARGS is passed on to stestr.
#
# Checks that wait for servers are run in one row, at the same time as the
# others in another one: a machine of two processors is busy with both.
#
# shellcheck disable=SC2329  # the checks are called by their names
set -euo pipefail
exec </dev/null

cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$PWD
if [[ -n ${TOX_ENV_DIR:-} ]]; then
    venv=$TOX_ENV_DIR
else
    venv=${TROVE_VENV:-$top/.venv}
fi
results=$top/cover/results
export PYTHONWARNINGS=${PYTHONWARNINGS:-default::DeprecationWarning:trove}
export PATH=$venv/bin:$PATH

# In the order in which each row is run: what fails soonest comes first, but
# the last of those with servers is the one that keeps all processors busy.
all=(contracts pins packaging style types unit cover docs api-ref releasenotes
    interop openstack tempest functional)
servers=' interop openstack tempest functional benchmarks takeover dashboard '
others=(genconfig genpolicy benchmarks takeover dashboard)
# The status of a check that cannot be run on this machine.
cannot=77

# --- the checks -------------------------------------------------------------

describe() {
    case $1 in
        contracts) echo 'RPC contracts against all that is released' ;;
        pins) echo 'dependencies can be installed with each Python' ;;
        style) echo 'ruff, hacking, bashate, shellcheck' ;;
        types) echo 'mypy --strict' ;;
        unit) echo 'unit tests' ;;
        functional) echo 'functional tests: real broker and databases' ;;
        interop) echo "released Trove as live peers, others' released trees" ;;
        tempest) echo 'the tests of Trove that Tempest runs anywhere' ;;
        cover) echo 'coverage of unit tests and object stores, at least 90 %' ;;
        docs) echo 'documentation, warnings are errors' ;;
        api-ref) echo 'API reference, warnings are errors' ;;
        releasenotes) echo 'release notes, warnings are errors' ;;
        packaging) echo 'dependencies fit, the wheel is complete' ;;
        genconfig) echo 'writes etc/trove/trove.conf.sample' ;;
        genpolicy) echo 'writes etc/trove/policy.yaml.sample' ;;
        dashboard) echo 'Horizon, in a browser, and Heat' ;;
        benchmarks) echo 'speed and size, as ratios' ;;
        openstack) echo 'the install guide on a real OpenStack, and its use' ;;
        takeover) echo 'release 26.0 on a real OpenStack, and its takeover' ;;
        *) return 1 ;;
    esac
}

check_contracts() {
    rpc-contract check
}

check_pins() {
    tools/generate-constraints.sh --check
}

check_style() {
    local code=(trove rpc-contract doc/source setup.py tools)
    [[ ! -d benchmarks ]] || code+=(benchmarks)
    ruff check "${code[@]}"
    flake8 "${code[@]}"
    local scripts=(tools/*.sh tools/{ci,image,openstack{,/released}}/*.sh .ci/run
        tools/image/elements/*/install.d/* devstack/plugin.sh)
    local sourced=(devstack/settings tools/image/elements/*/environment.d/*)
    bashate --ignore E006,E010,E011 "${scripts[@]}"
    shellcheck --external-sources "${scripts[@]}" "${sourced[@]}"
}

check_types() {
    # What a former run remembered is not always true of the tree of now.
    mypy --no-incremental
}

# stestr NAME WORKERS [ARGUMENT...]: run, keep the results as a stream.
run_stestr() {
    local name=$1 workers=$2 status=0
    shift 2
    mkdir -p "$results/$name.runs"
    rm -f "$results/$name"{,.repeated}
    # "Last" is of this check, whatever else is run at the same time.
    stestr=(stestr --repo-url "$results/$name.runs")
    # shellcheck disable=SC2086  # TESTS_ARGS is a list of words
    timeout --kill-after=60 45m \
        "${stestr[@]}" run --slowest --concurrency "$workers" "$@" \
        ${TESTS_ARGS:-} || status=$?
    if ((status == 124 || status == 137)); then
        # Ended from outside: what stestr has is the results of another run.
        echo "The $name tests took longer than 45 minutes and were ended."
    else
        "${stestr[@]}" last --subunit >"$results/$name" || rm -f "$results/$name"
        if [[ $status != 0 ]] && repeat_few "$name" "$@"; then
            status=0
        fi
    fi
    return "$status"
}

# repeat_few NAME [ARGUMENT...]: run failed tests again, alone and one after
# the other, if they are few; succeed when they all pass. The summary names
# them: what is unsteady on a shared machine is told and mended, but does not
# cost the result of the four thousand others.
repeat_few() {
    local name=$1 failed=$results/$1.failed status=0
    shift
    python tools/summarize_tests.py --repeat "$results/$name" >"$failed"
    [[ -s $failed ]] || return 1
    echo 'These failed and are run once more:'
    cat "$failed"
    timeout --kill-after=60 20m "${stestr[@]}" run --concurrency 1 \
        --load-list "$failed" "$@" || status=$?
    if ((status == 124 || status == 137)); then
        # What stestr has now is still the first run.
        echo 'They took longer than 20 minutes and were ended: they failed.'
    else
        "${stestr[@]}" last --subunit >"$results/$name.repeated"
    fi
    return "$status"
}

# share NAME WORKERS [ARGUMENT...]: run it, each module by the process that the
# seconds of each leave it to, and print the seconds of this time.
share_stestr() {
    local name=$1 workers=$2 status=0
    shift 2
    mkdir -p "$results"
    "$venv/bin/python" tools/share_tests.py share "$name" "$workers" \
        >"$results/$name.workers"
    run_stestr "$name" "$workers" "$@" \
        --worker-file "$results/$name.workers" || status=$?
    [[ -f $results/$name ]] || return "$status"
    echo 'Seconds by module, as tools/ci/durations.txt has them:'
    "$venv/bin/python" tools/share_tests.py measure "$results/$name"
    [[ -z ${TESTS_ARGS:-} ]] || return "$status"
    "$venv/bin/python" tools/share_tests.py missing "$name" \
        "$results/$name" >"$results/$name.missing"
    if [[ -s $results/$name.missing ]]; then
        echo 'A process died, and these modules were not run:'
        cat "$results/$name.missing"
        status=1
    fi
    return "$status"
}

check_unit() {
    # These alone are measured: in the processes of the functional tests that
    # costs a quarter of the time, and finds 3 % more lines.
    rm -f "$top"/cover/data.*
    # A third of the mutations by the day, in UTC.
    export TROVE_MUTATIONS=${TROVE_MUTATIONS:-$(($(date +%s) / 86400 % 3))}
    echo "TROVE_MUTATIONS is $TROVE_MUTATIONS; all, 0, 1 or 2 select others."
    local python=$venv/bin/python
    [[ ${TROVE_COVERAGE:-1} == 0 ]] || python+=' -m coverage run'
    PYTHON=$python COVERAGE_FILE=$top/cover/data.unit share_stestr unit 2
}

check_functional() {
    # The tests of one module share what it starts. What several modules use
    # is started once by each process. These are one more than processors,
    # because half of the time is waiting.
    share_stestr functional 3 --test-path ./trove/tests/functional
}

check_interop() {
    local releases=${TROVE_INTEROP_RELEASES:-$(tools/interop-releases.sh)}
    echo "Released peers: $releases; TROVE_INTEROP_RELEASES names others."
    export TROVE_INTEROP_RELEASES=$releases
    # shellcheck disable=SC2086  # a list of words
    tools/install-released.sh ${releases//,/ }
    tools/fetch-trees.sh
    # The tests of one release use the same running processes: one group.
    run_stestr interop 2 --test-path ./trove/tests/functional/interop \
        --top-dir . --group_regex '(.*\.Release[0-9]+)'
}

check_tempest() {
    echo "TROVE_TEMPEST is ${TROVE_TEMPEST:-all}."
    tools/install-released.sh barbican tempest
    run_stestr tempest 1 --test-path ./trove/tests/functional/tempest \
        --top-dir .
}

check_dashboard() {
    tools/install-released.sh dashboard heat
    run_stestr dashboard 1 --test-path ./trove/tests/functional/dashboard \
        --top-dir .
}

check_cover() {
    if [[ ${TROVE_COVERAGE:-1} == 0 ]]; then
        echo 'Not measured: of all checks it is a part every third day.'
        echo 'Today: TROVE_COVERAGE=1, or tools/run-tests.sh unit cover'
        return "$cannot"
    fi
    # What speaks to object stores is tested with a real one only.
    rm -f "$top"/cover/data.store.*
    COVERAGE_FILE=$top/cover/data.store python -m coverage run \
        -m testtools.run trove.tests.functional.objectstore.test_s3 \
        trove.tests.functional.objectstore.test_signed_urls
    export COVERAGE_FILE=$top/cover/combined
    python -m coverage combine --keep --quiet cover/data.*
    python -m coverage xml --quiet --fail-under=0 -o cover/coverage.xml
    python -m coverage report
}

# sphinx SOURCE BUILD: from scratch, with warnings as errors.
run_sphinx() {
    rm -rf "$2"
    python -m sphinx --fail-on-warning --keep-going --jobs auto --quiet \
        --builder html --doctree-dir "$2/doctrees" "$1" "$2/html"
    echo "Built $2/html/index.html"
}

check_docs() {
    run_sphinx doc/source doc/build
}

check_api-ref() {
    run_sphinx api-ref/source api-ref/build
}

check_releasenotes() {
    reno --quiet lint
    run_sphinx releasenotes/source releasenotes/build
}

check_packaging() {
    local wheels
    python -m pip check
    wheels=$(mktemp -d)
    rm -rf build rpc-contract/build
    python -m pip --disable-pip-version-check wheel --quiet --no-deps \
        --no-build-isolation --wheel-dir "$wheels" . ./rpc-contract
    rm -rf build rpc-contract/build
    python tools/check_wheel.py "$wheels"/trove-*.whl trove \
        etc/trove/api-paste.ini
    python tools/check_wheel.py "$wheels"/rpc_contract-*.whl \
        rpc-contract/src/rpc_contract
    rm -rf "$wheels"
}

check_genconfig() {
    oslo-config-generator --config-file etc/oslo-config-generator.conf
}

check_genpolicy() {
    oslopolicy-sample-generator --config-file etc/oslo-policy-generator.conf
}

check_benchmarks() {
    python -m benchmarks
}

# TROVE_OPENSTACK names the datastores. By default it is left out, with the
# reason, where it cannot run: it needs root, namespaces and loop devices. By
# name it takes an hour more, with all of Tempest; TROVE_OPENSTACK_TEMPEST is
# "none" to leave that out.
check_openstack() {
    on_openstack run_openstack
}

check_takeover() {
    export TROVE_VENV=$venv TROVE_UV=$top/tools/uv.sh
    on_openstack tools/openstack/takeover.sh
}

# on_openstack COMMAND...: run it beside a cloud of its own.
on_openstack() {
    local status=0
    if [[ ${TROVE_DEFAULT:-} ]] && ! tools/openstack/up.sh --check; then
        echo 'Not run here, because of what is above.'
        return "$cannot"
    fi
    export OSRIG=${OSRIG:-$(mktemp -d -t trove-openstack-XXXXXX)}
    # What is interrupted leaves nothing, either.
    trap 'tools/openstack/down.sh --purge; exit 130' INT TERM HUP
    "$@" || status=$?
    [[ $status == 0 ]] || tail -n 30 "$OSRIG"/log/trove-*.log \
        "$OSRIG"/servers/*/console.log || true
    tools/openstack/down.sh --purge
    return "$status"
}

run_openstack() {
    local datastores=(mariadb postgresql) pages=()
    # shellcheck disable=SC2206  # a list of words
    [[ -z ${TROVE_OPENSTACK:-} ]] || datastores=($TROVE_OPENSTACK)
    tools/openstack/up.sh || return
    export TROVE_VENV=$venv TROVE_UV=$top/tools/uv.sh
    tools/image/rig.sh trove-guest "${datastores[@]}" || return
    # The guide's own instance is one of PostgreSQL.
    [[ " ${datastores[*]} " == *' postgresql '* ]] || pages=(--quick)
    timeout --kill-after=60 20m tools/openstack/deploy.sh "${pages[@]}" ||
        return
    (
        # shellcheck source=/dev/null
        . "$OSRIG/demo.env"
        "$venv/bin/python" tools/openstack/scenario.py "${datastores[@]}"
    ) || return
    rm -f "$results/openstack"
    [[ ${TROVE_OPENSTACK_TEMPEST:-all} == none ]] || run_openstack_tempest
}

run_openstack_tempest() (
    tools/install-released.sh tempest || return
    set -a
    # shellcheck source=/dev/null
    . "$OSRIG/admin.env"
    # Ours is before the one of the cloud.
    PATH=$venv/bin:$PATH
    mkdir -p "$results/openstack.runs"
    stestr=(stestr --repo-url "$results/openstack.runs")
    # A second run of one class would run all of them.
    timeout --kill-after=60 150m "${stestr[@]}" run --concurrency 1 \
        --top-dir . --test-path ./trove/tests/functional/openstack ||
        status=$?
    "${stestr[@]}" last --subunit >"$results/openstack" || true
    return "${status:-0}"
)

# --- the set-up -------------------------------------------------------------

# Debian starts a service as soon as it is installed. The tests start their
# own on other ports, so keep the packages from doing it.
install_packages() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        # shellcheck disable=SC2064  # the value of now
        trap "rm -f $policy" EXIT
    else
        policy=
    fi
    apt-get update --quiet || true
    DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "$@" ||
        status=$?
    if [[ -n $policy ]]; then
        rm -f "$policy"
        trap - EXIT
    fi
    return "$status"
}

# find_missing: those that the checks with servers need, in $missing.
find_missing() {
    local list
    # bindep exits with 1 when it lists any.
    list=$(bindep --brief --file bindep.txt test || true)
    [[ -n $list ]] || return 0
    mapfile -t missing <<<"$list"
    if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
        echo 'The functional tests need system packages. Install them with'
        echo "    sudo apt-get install --yes --no-install-recommends" \
            "${missing[@]}"
        echo 'or the like, then run this again.'
        exit 1
    fi
}

# --- the run ----------------------------------------------------------------

heading() {
    printf '\n=== %s: %s ===\n' "$1" "$(describe "$1")"
}

if [[ ${1:-} == --check ]]; then
    # One check in a shell of its own, so that its first error ends it.
    "check_$2"
    exit
fi

if [[ ${1:-} == --quick ]]; then
    shift
    exec python tools/quick_tests.py "$@"
fi

if [[ ${1:-} == --list ]]; then
    for name in "${all[@]}" "${others[@]}"; do
        printf '%-14s %s\n' "$name" "$(describe "$name")"
    done
    exit
fi

names=("${@:-${all[@]}}")
for name in "${names[@]}"; do
    describe "$name" >/dev/null || {
        echo "run-tests.sh: no check $name; see tools/run-tests.sh --list" >&2
        exit 2
    }
done

[[ -n ${TOX_ENV_DIR:-} ]] || tools/install.sh --tests
# What computes goes on while the packages for the others are installed.
computing=()
serving=()
for name in "${names[@]}"; do
    if [[ $servers == *" $name "* ]]; then
        serving+=("$name")
    else
        computing+=("$name")
    fi
done
missing=()
[[ ${#serving[@]} == 0 ]] || find_missing
if [[ $# == 0 ]]; then
    rm -rf cover
    # All of it takes a quarter of an hour: by name, tools/run-tests.sh tempest.
    export TROVE_TEMPEST=${TROVE_TEMPEST:-daily} TROVE_DEFAULT=1
    export TROVE_OPENSTACK_TEMPEST=${TROVE_OPENSTACK_TEMPEST:-none}
    # Being measured costs the unit tests two thirds more.
    export TROVE_COVERAGE=${TROVE_COVERAGE:-$(($(date +%s) / 86400 % 3 == 1))}
fi

# run_row NAME...: one after the other, with a line of each in $verdicts.
run_row() {
    local name begin status verdict took
    for name; do
        # Its tests try what is installed.
        if [[ $name == unit && ${#missing[@]} != 0 ]]; then
            until [[ -e $scratch/installed ]]; do sleep 1; done
        fi
        heading "$name"
        begin=$SECONDS
        status=0 verdict=FAILED
        "$BASH" tools/run-tests.sh --check "$name" || status=$?
        [[ $status != 0 ]] || verdict=passed
        [[ $status != "$cannot" ]] || verdict=skipped
        took=$((SECONDS - begin))
        echo "--- $name $verdict in $took s"
        printf '%-14s %-8s %5d s\n' "$name" "$verdict" "$took" >>"$verdicts"
    done
}

# serve: install the packages that the row with servers needs, and run it.
serve() {
    local status=0
    if [[ ${#missing[@]} != 0 ]]; then
        echo "Installing system packages: ${missing[*]}"
        install_packages "${missing[@]}" || status=$?
        : >"$scratch/installed"
    fi
    [[ $status == 0 ]] || return "$status"
    run_row "${serving[@]}"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
verdicts=$scratch/verdicts
: >"$verdicts"
if [[ ${#computing[@]} != 0 && ${#serving[@]} != 0 ]]; then
    # What it says is shown once the other row is done.
    : >"$scratch/output"
    serve >"$scratch/output" 2>&1 &
    row=$!
    trap 'kill "$row" 2>/dev/null || true; rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM HUP
    echo "At the same time, shown afterwards: ${serving[*]}"
    run_row "${computing[@]}"
    tail --pid="$row" --lines=+1 --follow "$scratch/output"
    wait "$row" || true
elif [[ ${#serving[@]} != 0 ]]; then
    (serve) || true
else
    run_row "${computing[@]}"
fi

printf '\n=== summary, %d s ===\n' "$SECONDS"
cat "$verdicts"
status=0
[[ $(wc -l <"$verdicts") == "${#names[@]}" ]] || {
    echo 'Not all were run; what is above says why.'
    status=1
}
mapfile -t failed < <(sed -n 's/ *FAILED .*//p' "$verdicts")
if [[ ${#failed[@]} != 0 ]]; then
    status=1
    echo "Failed: ${failed[*]}. To repeat: tools/run-tests.sh ${failed[*]}"
fi
streams=()
for name in "${names[@]}"; do
    case $name in
        unit | functional | interop | tempest | dashboard)
            streams+=("$results/$name")
            ;;
        openstack)
            # It may have been run without Tempest.
            [[ ! -e $results/$name ]] || streams+=("$results/$name")
            ;;
    esac
done
if [[ ${#streams[@]} != 0 ]]; then
    python tools/summarize_tests.py "${streams[@]}" || status=1
fi
exit "$status"
