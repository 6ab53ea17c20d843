# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
export DIB_TROVE_DATASTORES=${DIB_TROVE_DATASTORES:-mariadb}
# The files of the guest come as user data.
export DIB_CLOUD_INIT_DATASOURCES="${DIB_CLOUD_INIT_DATASOURCES:-ConfigDrive, OpenStack}"
