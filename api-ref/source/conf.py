# SPDX-License-Identifier: Apache-2.0
"""How the API reference is built; see tools/run-tests.sh api-ref."""

extensions = ['openstackdocstheme', 'os_api_ref']

project = 'Database Service API reference'
copyright = 'OpenStack contributors'
master_doc = 'index'
html_theme = 'openstackdocs'
html_theme_options = {'sidebar_mode': 'toc'}
pygments_style = 'native'
smartquotes = False

openstackdocs_repo_name = 'openstack/trove'
openstackdocs_auto_name = False
openstackdocs_bug_project = 'trove'
openstackdocs_bug_tag = 'api-ref'
