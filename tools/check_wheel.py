# SPDX-License-Identifier: Apache-2.0
"""Check that a wheel has everything that the tree has.

Usage: check_wheel.py WHEEL, from the top directory of the tree
"""

import pathlib
import sys
import zipfile

#: What must be there besides the files of the package.
DATA = ('etc/trove/api-paste.ini',)


def missing(wheel: str, top: pathlib.Path) -> list[str]:
    """Name the files of the tree that the wheel lacks."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packed = set(names)
    lacks = [
        path.relative_to(top).as_posix()
        for path in sorted((top / 'trove').rglob('*'))
        if path.is_file()
        and path.suffix != '.pyc'
        and path.relative_to(top).as_posix() not in packed
    ]
    lacks += [
        name
        for name in DATA
        if not any(packed_name.endswith(name) for packed_name in names)
    ]
    return lacks


def main(wheel: str) -> int:
    lacks = missing(wheel, pathlib.Path.cwd())
    for name in lacks:
        print(
            f'{wheel} lacks {name}. pbr packs the files that git knows: '
            'add it to git; a file outside trove/ also to data_files in '
            'setup.cfg.'
        )
    return 1 if lacks else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
