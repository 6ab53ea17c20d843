# SPDX-License-Identifier: Apache-2.0
"""Print the commands of the install guide as a script.

Usage: guide.py PAGE... <WORDS >SCRIPT

A console block is run as it stands. A block whose caption is a file is
written there. What is of the class "alternative" is another way to do the
same, and left out. Each line of WORDS is a word of the guide and, after a
blank, what stands for it.
"""

import pathlib
import re
import shlex
import sys

_BLOCK = re.compile(
    r'^(?P<indent> *)'
    r'\.\. (?P<kind>code-block|literalinclude):: (?P<what>\S+)\n'
    r'(?P<options>(?:(?P=indent)   :.*\n)*)'
    r'(?P<body>(?:\n|(?P=indent)   .*\n)*)',
    re.MULTILINE,
)
_UNITS = '/etc/systemd/system'


def commands(body: str) -> list[str]:
    """Return the commands of a console block.

    Lines without a prompt belong to the command before them: what is typed
    into ``mariadb``, or the rest of a loop.
    """
    found: list[list[str]] = []
    for line in body.splitlines():
        line = line.removeprefix('   ')
        if line.startswith(('# ', '$ ')):
            found.append([line[2:]])
        elif line.strip():
            found[-1].append(line)
    return [
        '{} <<\\EOF\n{}\nEOF'.format(first, '\n'.join(others))
        if first == 'mariadb'
        else '\n'.join([first, *others])
        for first, *others in found
    ]


def write(path: str, text: str) -> str:
    """Write a file; "told" replaces words that only a command tells."""
    return f'told >{shlex.quote(path)} <<\\EOF\n{text}EOF'


def dedent(body: str) -> str:
    lines = (line.removeprefix('   ') for line in body.strip('\n').split('\n'))
    return '\n'.join(lines) + '\n'


def section(text: str, title: str) -> str:
    """Return the part of a page below a heading, up to the next like it."""
    found = re.search(
        rf'^{re.escape(title)}\n(=+)\n(.*?)(?=^[^\n]+\n=+\n|\Z)',
        text,
        re.MULTILINE | re.DOTALL,
    )
    if found is None:
        raise ValueError(f'no section "{title}"')
    return found[2]


def steps(page: pathlib.Path, title: str = '') -> list[str]:
    """Return what a page does, or one section of it, in its order."""
    text = page.read_text(encoding='utf-8')
    found = []
    for block in _BLOCK.finditer(section(text, title) if title else text):
        options = dict(re.findall(r':([\w-]+): *(.*)', block['options']))
        caption = options.get('caption', '')
        body = re.sub(f'^{block["indent"]}', '', block['body'], flags=re.M)
        if options.get('class') == 'alternative':
            continue
        if block['kind'] == 'literalinclude':
            if caption.endswith('.service'):
                text = (page.parent / block['what']).read_text('utf-8')
                found.append(write(f'{_UNITS}/{caption}', text))
        elif block['what'] == 'console':
            found += commands(body)
        elif caption.startswith('/'):
            found.append(write(caption, dedent(body)))
    return found


def main(*pages: str) -> None:
    words = [line.rstrip('\n').split(' ', 1) for line in sys.stdin]
    print('set -euo pipefail')
    for page in map(pathlib.Path, pages):
        for step in steps(page):
            for word, meaning in words:
                step = step.replace(word, meaning)
            shown = step if len(step) < 200 else step.split('\n')[0]
            print(f'echo {shlex.quote(f"> {shown}")}')
            print(step)


if __name__ == '__main__':
    main(*sys.argv[1:])
