#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
export DIB_TROVE_DATASTORES=${DIB_TROVE_DATASTORES:-mariadb}
