"""Lists the rights of template.yaml that no end-to-end test needed, and fails where one has no excuse.

    python tests/rights/unused.py [FOLDER]

FOLDER holds what the stand-ins wrote down while the suites ran (STANDIN_RIGHTS names it to them; `.cache/rights` by default). A right is
an action of a statement with the resources that the statement gives it, or a resource of a statement. `tests/rights/excused.yaml`
says which stay and why, by role or policy; an excuse for a right that is used, or that is gone, fails as well.
"""
import fnmatch
import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXCUSES = Path(__file__).parent / "excused.yaml"


# What a stack without buckets in further regions would allow; its condition leaves the statement out on AWS.
NO_BUCKET = {"arn:*:s3:::", "arn:*:s3:::/*"}


class Statement:
    """A statement as all stacks together used it."""

    def __init__(self, actions, resources):
        self.actions, self.resources, self.used = actions, resources, set()

    def unused(self):
        """Its actions and its resources that nothing needed, each as one line."""
        for action in self.actions:
            if not any(used == action for used, _ in self.used):
                yield f"{action} on {', '.join(self.resources)}"
        if self.used:
            for resource in self.resources:
                if not any(used == resource for _, used in self.used):
                    yield f"any of {', '.join(self.actions)} on {resource}"


def read(folder, template):
    """{role or policy: {its statements by what they say}} of all stacks of a template."""
    found = {}
    for file in sorted(Path(folder).glob("rights-*.jsonl")):
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        here = []  # the statements of this process: (source, names of its resources, statement)
        for line in lines:
            for one in line.get("granted", []) if Path(line.get("template", "")).resolve() == template else []:
                if set(one["resources"].values()) <= NO_BUCKET:
                    continue
                said = (tuple(one["actions"]), tuple(dict.fromkeys(one["resources"].values())))
                statement = found.setdefault(one["role"], {}).setdefault(said, Statement(*said))
                here.append((one["source"], one["resources"], statement))
        for used in (line["used"] for line in lines if "used" in line):
            for source, names, statement in here:
                if source == used["source"] and used["action"] in statement.actions and used["resource"] in names:
                    statement.used.add((used["action"], names[used["resource"]]))
    return found


def judge(found, excuses):
    """What is wrong, one line each."""
    for role, statements in sorted(found.items()):
        excused = excuses.get(role) or {}
        unused = sorted({right for statement in statements.values() for right in statement.unused()})
        for right in unused:
            if not any(fnmatch.fnmatchcase(right, pattern) for pattern in excused):
                yield f"{role}: no test needs {right}"
        for pattern in excused:
            if not any(fnmatch.fnmatchcase(right, pattern) for right in unused):
                yield f"{role}: the excuse is stale: {pattern}"
    for role in sorted(set(excuses) - set(found)):
        yield f"{role}: there are excuses for it, and the template has no such role or policy"


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".cache" / "rights"
    found = read(folder, ROOT / "template.yaml")
    if not found:
        print(f"{folder} holds nothing about template.yaml: run the end-to-end suites with STANDIN_RIGHTS={folder}")
        return 1
    wrong = list(judge(found, yaml.safe_load(EXCUSES.read_text(encoding="utf-8")) or {}))
    for one in wrong:
        print(one)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
