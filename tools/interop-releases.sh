#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Print the releases that the interoperation tests try by default: 12 and 26,
# and one of the others, by the day.
#
#   tools/interop-releases.sh               of today, in UTC
#   tools/interop-releases.sh 2026-11-28    of that day
#
# So each has its turn within two weeks, and a run can be repeated by its date.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/released"
others=()
for pins in trove-*.txt; do
    release=${pins//[!0-9]/}
    [[ $release == 12 || $release == 26 ]] || others+=("$release")
done
mapfile -t others < <(printf '%s\n' "${others[@]}" | sort --numeric-sort)
day=$(($(date --utc --date "${1:-today} 00:00" +%s) / 86400))
echo "12 26 ${others[day % ${#others[@]}]}"
