#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetch the released source trees of other projects that tools/released/trees.txt
# names: the checker of RPC contracts is tried in them.
#
#   tools/fetch-trees.sh
#
# They are .interop/trees/NAME-VERSION.tar.gz in the top directory, or below
# where TROVE_INTEROP_VENVS says. One that is there is left alone; each has to
# have the digest that stands in the file. All are fetched at the same time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
trees=${TROVE_INTEROP_VENVS:-$PWD/.interop}/trees
python=${TOX_ENV_DIR:-${TROVE_VENV:-$PWD/.venv}}/bin/python

fetch() {
    local name=$1 digest=$2 file scratch
    file=${name/==/-}.tar.gz
    if echo "$digest  $trees/$file" | sha256sum --check --status 2>/dev/null
    then
        return 0
    fi
    scratch=$(mktemp -d -p "$trees")
    echo "$name --hash=sha256:$digest" >"$scratch/requirement"
    # Without isolation it builds nothing but what tells its own name.
    "$python" -m pip --disable-pip-version-check download --quiet --no-deps \
        --no-binary :all: --no-build-isolation --dest "$scratch" \
        --requirement "$scratch/requirement"
    mv "$scratch/$file" "$trees/$file"
    rm -rf "$scratch"
    echo "Fetched $file"
}

mkdir -p "$trees"
jobs=()
while read -r name digest; do
    fetch "$name" "$digest" &
    jobs+=($!)
done < <(grep -v '^#' tools/released/trees.txt)
status=0
for job in "${jobs[@]}"; do
    wait "$job" || status=1
done
if ((status)); then
    echo 'fetch-trees.sh: what is named above cannot be fetched.' \
        'Packages come from where pip gets them: pip config list.' >&2
fi
exit "$status"
