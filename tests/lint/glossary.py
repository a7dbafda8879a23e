"""Holds docs/glossary.md against the code's public names.

    python3 tests/lint/glossary.py [--doubles]

1. Every term stands once.
2. Every type that the glossary names, such as `gate::Judgement`, is a public type of that crate.
3. Every name that two public types of the core share stands in the table "Names that stand twice", with the crates and the
   reason; and what stands there is still shared.

Reads the sources as text: a lint forbids `pub` on what cannot be reached. `--doubles` prints the rows that the table should have.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from floors import without_tests

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
TWICE = "## Names that stand twice"
TYPE = re.compile(r"(?m)^\s*pub (?:struct|enum|trait|type|union) (\w+)")
# Modules and crates that only tests compile.
NOT_SHIPPED = {"tests", "testing", "simulation", "golden"}


def public_types():
    """Each public type's name with its crates, one entry for each definition."""
    found = defaultdict(list)
    for manifest in sorted((ROOT / "shared").rglob("Cargo.toml")):
        folder = manifest.parent
        crate = "pawl" if folder.name == "shared" else folder.name
        if crate in NOT_SHIPPED:
            continue
        for file in sorted((folder / "src").rglob("*.rs")):
            if not NOT_SHIPPED & {*file.relative_to(folder).parts, file.stem}:
                for name in TYPE.findall(without_tests(file.read_text())):
                    found[name].append(crate)
    return found


def rows(text):
    """The cells of each row of the tables in a text, with its line number."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("| ") and not line.startswith("|---"):
            yield number, [cell.strip() for cell in line.strip("|").split("|")]


def term_faults(text, types):
    seen = {}
    for number, (term, _, carried) in rows(text):
        if term == "term":
            continue
        if term in seen:
            yield number, f"{term!r} stands in line {seen[term]} too: one meaning a term"
        seen[term] = number
        named = re.findall(r"`(\w+)::(\w+)`", carried)
        if not named and carried != "–":
            yield number, f"{term!r} names no type; write – where none carries it"
        for crate, name in named:
            if crate not in types.get(name, []):
                where = types.get(name)
                hint = f"; it is in {' and '.join(sorted(set(where)))}" if where else ""
                yield number, f"{crate}::{name} is no public type{hint}"


def doubles(types):
    """Names that stand for two things: the crates of each, one for each definition."""
    return {name: sorted(crates) for name, crates in sorted(types.items()) if len(crates) > 1}


def twice_faults(text, shared):
    told = {}
    for number, (name, crates, why) in rows(text):
        if name == "name":
            continue
        name = name.strip("`")
        told[name] = number
        if name not in shared:
            yield number, f"{name} stands for one thing now: take it out of the table"
        elif sorted(re.findall(r"\w+", crates)) != shared[name]:
            yield number, f"{name} stands in {', '.join(shared[name])}"
        if not why:
            yield number, f"{name}: why does it stand twice?"
    for name, crates in shared.items():
        if name not in told:
            yield 0, f"{name} is a public type in {', '.join(crates)}: rename one, or say why in the last table"


def main():
    types = public_types()
    shared = doubles(types)
    if "--doubles" in sys.argv:
        for name, crates in shared.items():
            print(f"| `{name}` | {', '.join(crates)} | |")
        return 0
    text = GLOSSARY.read_text()
    if TWICE not in text:
        print(f"glossary: {GLOSSARY.name} lacks the heading {TWICE!r}", file=sys.stderr)
        return 1
    terms, twice = text.split(TWICE)
    above = terms.count("\n")
    faults = [*term_faults(terms, types)]
    faults += [(number and number + above, fault) for number, fault in twice_faults(twice, shared)]
    for number, fault in faults:
        place = f"docs/glossary.md:{number}: " if number else ""
        print(f"glossary: {place}{fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
