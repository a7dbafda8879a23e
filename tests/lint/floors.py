"""Holds the structure: arrows go down only, between crates and between modules.

    python tests/lint/floors.py [--show]

1. Crates: each may depend only on crates of a lower floor (FLOORS). The AWS SDK is known to the edge alone.
2. Modules: below each folder of a crate the modules must form no circle. A module's own tests may use what they like.

Reads `cargo metadata` and the `use` lines and paths of the sources, as text. `--show` prints each crate's modules, lowest first.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# From the ground up. Crates of one floor do not know each other.
FLOORS = [
    {"pawl-base"},
    {"pawl-stats", "pawl-data", "pawl-ledger"},
    {"pawl-gate", "pawl-parquet", "pawl-aws", "pawl-testing"},
    {"pawl-drift", "pawl-release"},
    {"pawl"},
    {"pawl-sagemaker"},
    {"new-data-trigger", "data-validator", "drift-checker", "evaluation-gate", "rollback-handler", "pawl-cli"},
]
# Crates that may know the AWS SDK and the Lambda runtime.
EDGE = {"pawl-aws", "pawl-sagemaker"} | FLOORS[-1]
USE = r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([\w:{},*\s]+);"
OUTSIDE = re.compile(r"^(aws-|lambda_runtime$)")


def crates():
    found = subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps"],
                           cwd=ROOT, check=True, capture_output=True, text=True)  # fmt: skip
    return json.loads(found.stdout)["packages"]


def crate_faults(packages):
    floor = {name: height for height, names in enumerate(FLOORS) for name in names}
    for package in packages:
        name = package["name"]
        if name not in floor:
            yield f"{name} stands on no floor: name it in tests/lint/floors.py"
            continue
        for needed in package["dependencies"]:
            if needed["kind"] == "dev":
                continue
            other = needed["name"]
            if other in floor and floor[other] >= floor[name]:
                yield f"{name} depends on {other}, which does not stand below it"
            if OUTSIDE.match(other) and name not in EDGE:
                yield f"{name} knows the AWS SDK ({other}); only the edge may"


def without_tests(text):
    """The source without comments, strings' braces left alone, and without what only tests compile."""
    text = re.sub(r"//[^\n]*", "", text)
    kept, at = [], 0
    for found in re.finditer(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*", text):
        if found.start() < at:
            continue
        kept.append(text[at : found.start()])
        end = found.end()
        depth = 0
        while end < len(text):
            if text[end] == "{":
                depth += 1
            elif text[end] == "}":
                depth -= 1
                if depth == 0:
                    end += 1
                    break
            elif text[end] == ";" and depth == 0:
                end += 1
                break
            end += 1
        at = end
    kept.append(text[at:])
    return "".join(kept)


def paths(tree):
    """Each path of a `use` tree, such as `a::{b, c::{self, D}}`."""
    tree = tree.strip()
    if "{" not in tree:
        yield tree.split(" as ")[0].strip()
        return
    head, rest = tree.split("{", 1)
    rest = rest[: rest.rindex("}")]
    depth, start = 0, 0
    for at, letter in enumerate(rest + ","):
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        elif letter == "," and depth == 0:
            part = rest[start:at].strip()
            start = at + 1
            if part == "self":
                yield head.strip().removesuffix("::")
            elif part:
                for path in paths(part):
                    yield head.strip() + path


class Crate:
    """The modules of a crate, by their path such as `("dataset", "scan")`, and whom each uses."""

    def __init__(self, src):
        self.source, self.exports = {}, {}
        for file in sorted(src.rglob("*.rs")):
            parts = list(file.relative_to(src).with_suffix("").parts)
            if parts[-1] in ("mod", "lib", "main"):
                parts.pop()
            self.source[tuple(parts)] = without_tests(file.read_text())
        self.drop_tests(src)
        for module, text in self.source.items():
            names = {}
            for tree in re.findall(r"(?m)^\s*pub(?:\([^)]*\))? use ([\w:{},*\s]+);", text):
                for path in paths(tree):
                    pieces = [piece for piece in path.split("::") if piece != "self"]
                    if pieces[0] not in ("crate", "super") and module + (pieces[0],) in self.source:
                        names[pieces[-1]] = module + tuple(pieces[:-1])
            self.exports[module] = names

    def drop_tests(self, src):
        """Modules that only tests declare are no part of the structure."""
        for module in sorted(self.source, key=len):
            if not module or module not in self.source:
                continue
            parent = self.source.get(module[:-1], "")
            if not re.search(rf"\bmod {module[-1]}\b", parent):
                for below in [other for other in self.source if other[: len(module)] == module]:
                    del self.source[below]

    def target(self, module, path):
        """The module that a path written in `module` leads to."""
        pieces = path.split("::")
        if pieces[0] == "crate":
            at, pieces = (), pieces[1:]
        elif pieces[0] == "super":
            at = module
            while pieces and pieces[0] == "super":
                at, pieces = at[:-1], pieces[1:]
        elif pieces[0] == "self":
            at, pieces = module, pieces[1:]
        elif module + (pieces[0],) in self.source:
            at = module
        else:
            return None
        while pieces:
            if at + (pieces[0],) in self.source:
                at, pieces = at + (pieces[0],), pieces[1:]
            elif pieces[0] in self.exports.get(at, {}):
                at, pieces = self.exports[at][pieces[0]], pieces[1:]
            else:
                break
        return at

    def arrows(self):
        """Per folder: module -> the modules beside it that it, or what lies in it, uses; with the line that says so."""
        folders = {}
        for module, text in self.source.items():
            uses = [path for tree in re.findall(USE, text) for path in paths(tree)]
            uses += re.findall(r"(?<![\w:])((?:crate|super)(?:::\w+)+)", re.sub(USE, "", text))
            for path in uses:
                other = self.target(module, path)
                if other is None:
                    continue
                shared = 0
                while shared < min(len(module), len(other)) and module[shared] == other[shared]:
                    shared += 1
                # A module knows what lies in it; what lies in it may know a type of the module: no arrow between siblings.
                if shared < len(module) and shared < len(other):
                    where = folders.setdefault(module[:shared], {})
                    where.setdefault(module[shared], {}).setdefault(other[shared], f"{'/'.join(module)} uses {path}")
        return folders


def circle(arrows):
    """A circle as a list of names, the first again at its end; none if there is none. Else the order, lowest first."""
    state, order = {}, []

    def visit(name, way):
        state[name] = "open"
        for other in arrows.get(name, {}):
            if state.get(other) == "open":
                return way[way.index(other) :] + [other]
            if other not in state:
                found = visit(other, way + [other])
                if found:
                    return found
        state[name] = "done"
        order.append(name)
        return None

    for name in sorted(arrows):
        if name not in state:
            found = visit(name, [name])
            if found:
                return found, order
    return None, order


def main():
    packages = crates()
    faults = list(crate_faults(packages))
    for package in packages:
        src = Path(package["manifest_path"]).parent / "src"
        for folder, arrows in sorted(Crate(src).arrows().items()):
            found, order = circle(arrows)
            place = "/".join([package["name"], *folder])
            if found:
                steps = [arrows[a][b] for a, b in zip(found, found[1:])]
                faults.append(f"{place}: {' -> '.join(found)} is a circle: " + "; ".join(steps))
            elif "--show" in sys.argv:
                print(f"{place}: {' < '.join(order)}")
    for fault in faults:
        print(f"floors: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
