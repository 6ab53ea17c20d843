#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Write constraints.txt: versions that work together, of all that the
# requirements need and nothing else, for every Python that is promised. It
# needs the virtual environment of tools/install.sh --tests.
#
#   tools/generate-constraints.sh                   keep what is pinned and fits
#   tools/generate-constraints.sh --upgrade         the newest of everything
#   tools/generate-constraints.sh --upgrade-package NAME
#   tools/generate-constraints.sh --check           write nothing
#
# --check tells in seconds, for each Python, which pin cannot be installed or
# is missing, and which lower bound cannot be met; and the same of the pins of
# tools/openstack.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Those that setup.cfg promises, the lowest as Debian 12 has it.
pythons=(3.11.2 3.12 3.13)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
inputs=(requirements.txt test-requirements.txt doc/requirements.txt
    rpc-contract/pyproject.toml "$scratch/extras.txt")
sed -n '/^\[extras\]/,/^\[entry_points\]/s/^    //p' setup.cfg \
    >"$scratch/extras.txt"

compile() {
    tools/uv.sh pip compile --quiet --no-header --no-annotate "$@" \
        "${inputs[@]}"
}

# check PYTHON: print what is wrong.
check() {
    local resolved=$scratch/$1.txt missing
    if ! compile --python-version "$1" --constraint constraints.txt \
        --output-file "$resolved" >/dev/null; then
        echo "constraints.txt cannot be installed with Python $1; the" \
            'package is named above. Run tools/generate-constraints.sh' \
            '--upgrade-package with its name.'
        return 1
    fi
    if missing=$(grep -vxF -f <(sed 's/ *;.*//' constraints.txt) \
        "$resolved"); then
        echo "constraints.txt does not pin what Python $1 needs:" \
            "${missing//$'\n'/, }. Run tools/generate-constraints.sh."
        return 1
    fi
    if ! compile --python-version "$1" --resolution lowest-direct \
        --output-file "$scratch/lowest-$1.txt" >/dev/null; then
        echo "The lower bounds of the requirements cannot be met with" \
            "Python $1; the package is named above."
        return 1
    fi
    echo "Python $1: $(wc -l <"$resolved") pins fit"
}

# check_openstack: print what is wrong with the pins of tools/openstack.
check_openstack() {
    local pins=tools/released/openstack.txt missing
    if ! tools/uv.sh pip compile --quiet --no-header --no-annotate \
        --python-version 3.11.2 --output-file "$scratch/openstack.txt" \
        "$pins" >/dev/null; then
        echo "$pins cannot be installed; the package is named above."
        return 1
    fi
    if missing=$(grep -vxF -f <(tr A-Z._ a-z- <"$pins") \
        <(tr A-Z._ a-z- <"$scratch/openstack.txt")); then
        echo "$pins does not pin what is needed: ${missing//$'\n'/, }"
        return 1
    fi
    echo "OpenStack: $(grep -c == "$pins") pins fit"
}

if [[ ${1:-} == --check ]]; then
    status=0
    check_openstack &
    checks=($!)
    for python in "${pythons[@]}"; do
        check "$python" &
        checks+=($!)
    done
    for check in "${checks[@]}"; do
        wait "$check" || status=1
    done
    exit "$status"
fi

cp constraints.txt "$scratch/constraints.txt"
compile --universal --fork-strategy fewest --python-version 3.11 \
    --output-file "$scratch/constraints.txt" "$@" >/dev/null
{
    echo '# The versions that are known to work together, for all Pythons that'
    echo '# setup.cfg names: all that requirements.txt, test-requirements.txt,'
    echo '# doc/requirements.txt, the extras of setup.cfg and rpc-contract need.'
    echo '# Written by'
    echo '#     tools/generate-constraints.sh'
    # uv would serve Windows and PyPy too.
    sed "/sys_platform == 'win32'\$/d; /python_full_version/! s/ ;.*//" \
        "$scratch/constraints.txt"
} >constraints.txt
