"""Holds sizes that read well: functions up to 60 lines, structs up to 15 fields, lines up to 110 columns.

    python tests/lint/sizes.py [--list]

Code that only tests compile is left out: documents that it holds code against are long. What reads better so carries a comment right above it that
says why: `// Long: the reason`. A line that ends a comment with an address, or holds one word that cannot be broken, may be longer.
`--list` prints all that is over and exits 0.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES, FIELDS, COLUMNS = 60, 15, 110
FUNCTION = re.compile(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:const )?(?:async )?fn (\w+)")
STRUCT = re.compile(r"^(\s*)(?:pub(?:\([^)]*\))? )?struct (\w+)[^;{(]*\{$")
FIELD = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?\w+: ")


def test_lines(lines):
    """The numbers of the lines in modules or functions that only tests compile."""
    inside, at = set(), 0
    while at < len(lines):
        if re.match(r"\s*#\[cfg\((?:all\()?test\b", lines[at]) or re.match(r"\s*#\[(tokio::)?test\b", lines[at]):
            indent = len(lines[at]) - len(lines[at].lstrip())
            start = at
            while at < len(lines) and not re.match(rf"^\s{{{indent}}}(\}}|\S.*[;}}])$", lines[at]):
                at += 1
            inside.update(range(start, at + 1))
        at += 1
    return inside


def excused(lines, at):
    """Whether a comment among the attributes and comments right above says why."""
    at -= 1
    while at >= 0 and re.match(r"\s*(//|#\[|\)|\]|[a-z_]+ = )", lines[at]):
        if re.match(r"\s*// Long: \S", lines[at]):
            return True
        at -= 1
    return False


def faults(file):
    lines = file.read_text().split("\n")
    name = file.relative_to(ROOT)
    is_test = bool({"tests", "simulation", "golden", "examples", "testing"} & set(file.with_suffix("").relative_to(ROOT / "").parts))
    tests = set(range(len(lines))) if is_test else test_lines(lines)
    for at, line in enumerate(lines):
        if at in tests:
            continue
        if len(line) > COLUMNS and not re.search(r"https?://\S+$|\S{90,}", line) and not excused(lines, at):
            yield f"{name}:{at + 1}: {len(line)} columns"
        for pattern, kind in ((FUNCTION, "fn"), (STRUCT, "struct")):
            found = pattern.match(line)
            if not found:
                continue
            end, opened = at, kind == "struct"
            while end < len(lines) and not re.match(rf"^{found[1]}\}}", lines[end]):
                text = lines[end].rstrip()
                opened = opened or text.endswith("{")
                # A function on one line, or of a trait and without a body.
                if not opened and text.endswith((";", "}")):
                    break
                end += 1
            size = end - at + 1 if kind == "fn" else sum(bool(FIELD.match(one)) for one in lines[at + 1 : end])
            most = LINES if kind == "fn" else FIELDS
            if size > most and not excused(lines, at):
                yield f"{name}:{at + 1}: {kind} {found[2]} has {size} {'lines' if kind == 'fn' else 'fields'}, at most {most}"


def main():
    found = []
    for folder in ("shared", "functions", "cli"):
        for file in sorted((ROOT / folder).rglob("*.rs")):
            found += faults(file)
    for one in found:
        print(one)
    return 0 if "--list" in sys.argv or not found else 1


if __name__ == "__main__":
    sys.exit(main())
