# SPDX-License-Identifier: Apache-2.0
"""How the release notes are built; see tools/run-tests.sh releasenotes."""

extensions = ['openstackdocstheme', 'reno.sphinxext']

project = 'Trove release notes'
copyright = 'OpenStack contributors'
master_doc = 'index'
html_theme = 'openstackdocs'
pygments_style = 'native'
exclude_patterns: list[str] = []

openstackdocs_repo_name = 'openstack/trove'
openstackdocs_auto_name = False
openstackdocs_bug_project = 'trove'
openstackdocs_bug_tag = 'docs'
