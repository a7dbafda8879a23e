"""Holds what the documentation names: files, links and items that exist.

    python3 tests/lint/docs.py

In every Markdown file of the repository:
1. A link to a file, or to a heading of one, leads somewhere.
2. A path in backticks that begins with a folder of the repository exists. It may hold `*`.
3. In `shared/drift/src/scores.rs`: `psi`, `ks` the file behind a path defines each item.
4. Mermaid diagrams hold no semicolon.
5. Each script has its line in scripts/README.md.
6. Where a command names a crate or a profile (`cargo test -p pawl-drift`), Cargo.toml has it.
7. In ARCHITECTURE.md and CONTRIBUTING.md a word in backticks that is spelt like a type (`Content`) is a type, a variant, a
   state or a resource of this repository.

For what is gone it says where a file or item of that name stands now.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
CARGO = re.compile(r"\bcargo\b[^`#\n]*?(?: -p| --package| --exclude| --profile) [^`#\n]*")
ITEMS = re.compile(r"`([\w./-]+\.\w+)`: ((?:`\w+`(?:, )?)+)")
SPELT_LIKE_A_TYPE = re.compile(r"[A-Z][a-z]\w*")
TYPE_OR_STATE = (r"\b(?:struct|enum|trait|type|class|const) {0}\b|^\s+{0}(?:,| ?[({{]|$)"
                 r"|^\s*(?:- )?{0}:|^use [\w:{{, ]*\b{0}\b")
# What another project or the language defines.
FOREIGN = {"Deserialize", "Option", "Serialize"}
DEFINITION = r"\b(?:fn|struct|enum|trait|type|const|static|mod|def|class) {0}\b|\b{0} ?="


def tracked():
    found = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                           cwd=ROOT, check=True, capture_output=True, text=True)  # fmt: skip
    return [name for name in found.stdout.splitlines() if (ROOT / name).exists()]


def without_code(text):
    """The text without fenced blocks, whose lines stay counted."""
    return re.sub(r"(?ms)^```.*?^```$", lambda block: "\n" * block[0].count("\n"), text)


def anchors(file):
    """The anchors of a Markdown file's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#{1,6} (.+)$", without_code(file.read_text()))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return set(plain)


class Docs:
    def __init__(self):
        self.files = tracked()
        self.folders = {name.split("/")[0] for name in self.files if "/" in name}

    def perhaps(self, path):
        here = [name for name in self.files if name.rsplit("/", 1)[-1] == path.rstrip("/").rsplit("/", 1)[-1]]
        return f"; perhaps {' or '.join(here)}" if 0 < len(here) < 6 else ""

    def moved(self, path, line):
        """Where the items behind a path that is gone are defined now."""
        items = [CODE.findall(items) for found, items in ITEMS.findall(line) if found == path]
        return "".join(f"; {item}{self.definitions(item, path)[1:]}" for item in sum(items, []))

    def definitions(self, item, near):
        """Where an item of this name is defined, in the crate of the file that was named."""
        crate = near.split("/src/")[0] + "/"
        sources = [name for name in self.files if name.startswith(crate) and name.endswith((".rs", ".py"))]
        pattern = re.compile(DEFINITION.format(item))
        here = [name for name in sources if pattern.search((ROOT / name).read_text())]
        return f"; perhaps in {' or '.join(here)}" if 0 < len(here) < 6 else ""

    def cargo_faults(self, text):
        """Crates and profiles that a command names and Cargo does not know."""
        manifests = [(ROOT / name).read_text() for name in self.files if name.endswith("Cargo.toml")]
        crates = {name for manifest in manifests for name in re.findall(r'(?m)^name = "([\w-]+)"', manifest)}
        own = re.findall(r"(?m)^\[profile\.(\w+)\]", "\n".join(manifests))
        profiles = {"dev", "release", "test", "bench", *own}
        for number, line in enumerate(text.split("\n"), 1):
            for command in CARGO.findall(line):
                # CRATE and the like stand for what varies.
                for option, name in re.findall(r" (-p|--package|--exclude|--profile) ([a-z][\w-]+)", command):
                    if name not in (profiles if option == "--profile" else crates):
                        yield number, f"cargo {option} {name}: Cargo.toml has no such thing"

    def is_path(self, code):
        """A word in backticks that means a file or folder here. `<...>` and `{...}` stand for what varies."""
        path = code.removeprefix("./")
        if not re.fullmatch(r"[\w.*/-]+", path) or "/" not in path:
            return False
        return path.split("/")[0] in self.folders

    def faults(self, name):
        file = ROOT / name
        yield from (f"{name}:{fault}" for fault in diagram_faults(file.read_text()))
        for number, fault in self.cargo_faults(file.read_text()):
            yield f"{name}:{number}: {fault}"
        text = without_code(file.read_text())
        for number, line in enumerate(text.split("\n"), 1):
            place = f"{name}:{number}"
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if fault := self.link_fault(file, target):
                    yield f"{place}: {fault}"
            for code in CODE.findall(line):
                if self.is_path(code) and not any(ROOT.glob(code.removeprefix("./").rstrip("/"))):
                    yield f"{place}: {code} does not exist{self.perhaps(code)}{self.moved(code, line)}"
            for path, items in ITEMS.findall(line):
                if not (ROOT / path).is_file():
                    continue
                source = (ROOT / path).read_text()
                for item in CODE.findall(items):
                    if not re.search(DEFINITION.format(item), source):
                        yield f"{place}: {path} defines no {item}{self.definitions(item, path)}"

    def unknown_words(self, name):
        """Words spelt like a type that nothing here has for its name."""
        sources = [(ROOT / file).read_text() for file in self.files
                   if file.endswith((".rs", ".py", ".yaml")) and not file.startswith("examples/")]
        everything = "\n".join(sources)
        for number, line in enumerate(without_code((ROOT / name).read_text()).split("\n"), 1):
            for word in CODE.findall(line):
                if not SPELT_LIKE_A_TYPE.fullmatch(word) or word in FOREIGN:
                    continue
                if not re.search(TYPE_OR_STATE.format(word), everything, re.MULTILINE):
                    yield f"{name}:{number}: nothing here is called {word}"

    def link_fault(self, file, target):
        if re.match(r"[a-z]+:", target):
            return None
        path, _, anchor = target.partition("#")
        to = (file.parent / path).resolve() if path else file
        if not to.exists():
            return f"the link to {target} leads nowhere{self.perhaps(path)}"
        if anchor and to.suffix == ".md" and anchor not in anchors(to):
            return f"{path or file.name} has no heading #{anchor}"
        return None


def diagram_faults(text):
    """Mermaid ends a statement at a semicolon, in the middle of a message too: GitHub then shows an error."""
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        inside = line.startswith("```mermaid") or inside and not line.startswith("```")
        if inside and ";" in line:
            yield f"{number}: a semicolon in a Mermaid diagram"


def untold_scripts(files):
    told = (ROOT / "scripts/README.md").read_text().replace("`./", "`")
    for name in files:
        if name.startswith("scripts/") and not name.endswith(".md") and f"`{name}`" not in told:
            yield f"scripts/README.md says nothing of {name}"


def main():
    docs = Docs()
    faults = [fault for name in docs.files if name.endswith(".md") for fault in docs.faults(name)]
    faults += untold_scripts(docs.files)
    faults += [fault for name in ("docs/ARCHITECTURE.md", "CONTRIBUTING.md") for fault in docs.unknown_words(name)]
    for fault in faults:
        print(f"docs: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
