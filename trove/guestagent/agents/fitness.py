# SPDX-License-Identifier: Apache-2.0
"""Says why an installed agent cannot run, run by its own interpreter.

It is given the directory of its modules, imports nothing of Trove before it
has looked at the versions, and prints the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
import importlib
from importlib import metadata
import sys

from packaging import requirements
from packaging import tags

#: What an agent must have to be asked again: another could not be replaced.
_NEEDED = ('trove.guestagent.service', 'trove.guestagent.agents.upgrades')

#: Requirements that count: always, and of a guest agent.
_EXTRAS = ('', 'guestagent')


def problems(site: str) -> Iterator[str]:
    """Yield what is wrong with the packages in a directory."""
    found = list(metadata.distributions(path=[site]))
    if 'trove' not in [each.name for each in found]:
        yield 'it has no wheel of Trove'
    supported = set(tags.sys_tags())
    for package in found:
        own = _tags(package)
        if own.isdisjoint(supported):
            yield (
                f'{package.name} is for {", ".join(sorted(map(str, own)))}, '
                'which is another Python or machine than that of this guest'
            )
        for line in package.requires or ():
            yield from _unmet(package.name, requirements.Requirement(line))


def _tags(package: metadata.Distribution) -> set[tags.Tag]:
    lines = (package.read_text('WHEEL') or '').splitlines()
    return {
        tag
        for line in lines
        if line.startswith('Tag:')
        for tag in tags.parse_tag(line.partition(':')[2].strip())
    }


def _unmet(name: str, need: requirements.Requirement) -> Iterator[str]:
    marker = need.marker
    if marker and not any(marker.evaluate({'extra': e}) for e in _EXTRAS):
        return
    try:
        version = metadata.version(need.name)
    except metadata.PackageNotFoundError:
        yield f'{name} needs {need.name}{need.specifier}, which is missing'
        return
    if not need.specifier.contains(version, prereleases=True):
        yield f'{name} needs {need.name}{need.specifier}, and has {version}'


def main(argv: list[str]) -> int:
    found = list(problems(argv[1]))
    if not found:
        for module in _NEEDED:
            try:
                importlib.import_module(module)
            # Whatever a module raises when it is loaded is the reason.
            except Exception as error:  # noqa: BLE001
                found.append(f'{type(error).__name__}: {error}')
                break
    sys.stdout.write('; '.join(found))
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
