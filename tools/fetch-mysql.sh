#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetch a MySQL for the tests, without installing it.
#
#   tools/fetch-mysql.sh
#
# Debian has it in its suite "unstable" only. The packages and the libraries
# that they need are unpacked into .interop/mysql in the top directory, or
# below where TROVE_INTEROP_VENVS says; bin/mysqld there runs the server with
# these libraries. apt has lists and a status of its own for it: nothing of
# this machine is changed. A MySQL that is there is left alone.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
place=${TROVE_INTEROP_VENVS:-$PWD/.interop}
keys=/usr/share/keyrings/debian-archive-keyring.gpg

if [[ -x $place/mysql/bin/mysqlbinlog ]]; then
    exit 0
fi
# The mirror of this machine has all suites.
# shellcheck disable=SC2016  # apt expands them
mirror=$(apt-get indextargets --format '$(ORIGIN) $(SUITE) $(REPO_URI)' |
    sed -n '/^Debian .*-security/d;s/^Debian .* //p' | head -1)
if [[ -z $mirror ]]; then
    echo 'fetch-mysql.sh: apt knows no mirror of Debian here. Run' \
        '"apt-get update" on a Debian.' >&2
    exit 1
fi

mkdir -p "$place"
scratch=$(mktemp -d -p "$place")
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{state/lists/partial,cache/archives/partial,mysql/bin}
touch "$scratch/status"
cat >"$scratch/unstable.sources" <<EOF
Types: deb
URIs: $mirror
Suites: unstable
Components: main
Signed-By: $keys
EOF
cat >"$scratch/apt.conf" <<EOF
APT::Sandbox::User "root";
Dir::Cache "$scratch/cache";
Dir::Etc::SourceList "$scratch/unstable.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$scratch/state";
Dir::State::Status "$scratch/status";
EOF
export APT_CONFIG=$scratch/apt.conf
apt-get --quiet --quiet update
# With an empty status, all that it needs is missing.
apt-get --quiet --quiet --yes --no-install-recommends --download-only \
    install mysql-server-core mysql-client-core
system=$scratch/mysql/system
for package in "$scratch"/cache/archives/*.deb; do
    case ${package##*/} in
        # For scripts that nobody runs.
        perl* | libperl* | libgdbm* | libdb5* | libc-gconv*) ;;
        *) dpkg-deb --extract "$package" "$system" ;;
    esac
done
rm -rf "$system"/usr/share/{doc,gcc,gdb,lintian,locale,man}

wrap() {
    cat >"$scratch/mysql/bin/$1" <<EOF
#!/bin/sh
# Which file of options is read must come first.
root=\$(dirname "\$(readlink -f "\$0")")/../system/usr
case \$1 in
    --defaults-file=* | --no-defaults) first=\$1 && shift ;;
    *) first=--no-defaults ;;
esac
exec "\$root/lib64/ld-linux-x86-64.so.2" \\
    --library-path "\$root/lib/x86_64-linux-gnu" "\$root/$2/$1" \\
    "\$first" --character-sets-dir="\$root/share/mysql/charsets" $3 "\$@"
EOF
}
wrap mysql bin ''
wrap mysqlbinlog bin ''
# shellcheck disable=SC2016  # the program expands them
wrap mysqld sbin '--basedir="$root" --plugin-dir="$root/lib/mysql/plugin" \
    --lc-messages-dir="$root/share/mysql"'
chmod -R u+rwX,go+rX,go-w "$scratch/mysql"
chmod 755 "$scratch"/mysql/bin/*
"$scratch/mysql/bin/mysqld" --version
rm -rf "$place/mysql"
mv -T "$scratch/mysql" "$place/mysql"
