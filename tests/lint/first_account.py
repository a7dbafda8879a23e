"""Holds docs/first-account.md to the steps that it is written from.

    python3 tests/lint/first_account.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))


def main():
    from account import steps  # noqa: F401
    from account.page import page

    if (ROOT / "docs" / "first-account.md").read_text() == page():
        return 0
    print("docs/first-account.md is not what its steps say: scripts/first-account --page > docs/first-account.md", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
