# SPDX-License-Identifier: Apache-2.0
"""How a benchmark says what it measured."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Figure:
    """One measured value.

    :param limit: the highest value that is good; None for one that is only
        told
    :param at_least: the limit is the lowest value that is good
    """

    name: str
    value: float
    unit: str = ''
    limit: float | None = None
    at_least: bool = False

    @property
    def good(self) -> bool:
        if self.limit is None:
            return True
        if self.at_least:
            return self.value >= self.limit
        return self.value <= self.limit

    def __str__(self) -> str:
        text = f'{self.name}: {self.value:.2f}{self.unit}'
        if self.limit is None:
            return text
        kind = 'at least' if self.at_least else 'at most'
        verdict = 'good' if self.good else 'NOT MET'
        return f'{text}  ({kind} {self.limit:.2f}{self.unit}: {verdict})'


def spread(values: Sequence[float], unit: str, scale: float = 1.0) -> str:
    """Median, quartiles and number of the values, for people."""
    low, middle, high = statistics.quantiles(values, n=4)
    return (
        f'median {middle * scale:.2f} {unit}, quartiles {low * scale:.2f} to '
        f'{high * scale:.2f} {unit}, {len(values)} times'
    )


def conclude(figures: Sequence[Figure]) -> int:
    """Print the figures; return the exit status, 1 when one is not met."""
    for figure in figures:
        print(figure)
    return 0 if all(figure.good for figure in figures) else 1
