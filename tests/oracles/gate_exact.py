"""Exact McNemar p-values by whole-number arithmetic: python3 gate_exact.py B C."""

import sys
from fractions import Fraction
from math import comb


def exact_and_mid(b: int, c: int) -> tuple[float, float]:
    """Two-sided exact and mid p-value of b against c discordant rows."""
    m, small = b + c, min(b, c)
    tail = Fraction(sum(comb(m, i) for i in range(small + 1)), 2**m)
    point = Fraction(comb(m, small), 2**m)
    mid = 1 - point / 2 if b == c else 2 * tail - point
    return float(min(2 * tail, 1)), float(mid)


if __name__ == "__main__":
    print(*exact_and_mid(int(sys.argv[1]), int(sys.argv[2])))
