# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
export DIB_TROVE_DATASTORES=${DIB_TROVE_DATASTORES:-mariadb}
