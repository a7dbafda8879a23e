"""Writes the state machines from their sources.

    ./scripts/statemachines [--check]

Each NAME.yaml beside this file, but for policies.yaml, becomes statemachines/NAME.asl.json. A source is the state
machine as Amazon States Language has it, but for what would be repeated:

    Call: NewDataTrigger        a function of the template, with the Payload beside it: a Task that invokes it
    Tell: {kind, severity, subject, text, model}    a message to people: a Task that publishes it to the topic
    Throttled: NAME             the retrier of a Call for throttles; `throttled` where it names none
    Retry: function             a retrier of policies.yaml; a list holds several, or some written out
    Catch: {failed: RecordFailure}      a catcher of policies.yaml, and where it leads; a list likewise
    $cause                      an expression of policies.yaml

--check writes nothing, and fails where a file is not what its source gives.
"""

import json
import sys
from pathlib import Path

import yaml

SOURCE = Path(__file__).resolve().parent
POLICIES = "policies.yaml"
# Longer than any function may run.
CALL_SECONDS = 900


class SourceError(Exception):
    """A source that cannot be a state machine; the message says where and why."""


class Generator:
    def __init__(self, policies):
        self.errors, self.retry = policies["errors"], policies["retry"]
        self.catch, self.expressions = policies["catch"], policies["expressions"]

    def machine(self, source):
        """The machine, or the part of one in a Map or a branch, that a source describes."""
        states = {name: self.state(name, state) for name, state in source["States"].items()}
        whole = {key: states if key == "States" else value for key, value in source.items()}
        self.check_targets(whole)
        return whole

    def state(self, name, source):
        state = {}
        if "Call" in source:
            source = called(name, source)
        elif "Tell" in source:
            source = told(name, source)
        for key, value in source.items():
            if key == "Retry":
                value = [self.retrier(name, one) for one in as_list(value)]
            elif key == "Catch":
                value = [catcher for one in as_list(value) for catcher in self.catchers(name, one)]
            elif key == "ItemProcessor":
                value = self.machine(value)
            elif key == "Branches":
                value = [self.machine(branch) for branch in value]
            state[key] = value
        return state

    def retrier(self, state, source):
        if isinstance(source, str):
            source = named(self.retry, source, f"{state}: Retry")
        return {**source, "ErrorEquals": self.error_names(source["ErrorEquals"])}

    def catchers(self, state, source):
        if "ErrorEquals" in source:
            found = [(source, source["Next"])]
        else:
            found = [(named(self.catch, name, f"{state}: Catch"), to) for name, to in source.items()]
        for catcher, to in found:
            values = {"state": state, "next": to, **self.expressions}
            catcher = {**catcher, "ErrorEquals": self.error_names(catcher["ErrorEquals"])}
            yield filled(catcher, values)

    def error_names(self, words):
        return [name for word in words for name in self.errors.get(word, [word])]

    def check_targets(self, machine):
        """Every state that is named exists, and every state is reached."""
        states, reached = machine["States"], {machine["StartAt"]}
        for state in states.values():
            branches = [state, *state.get("Choices", []), *state.get("Catch", [])]
            reached |= {branch[key] for branch in branches for key in ("Next", "Default") if key in branch}
        if reached != set(states):
            raise SourceError(f"no such states, or never reached: {', '.join(sorted(reached ^ set(states)))}")


def called(name, source):
    """A Task that invokes a function."""
    if "Payload" not in source:
        raise SourceError(f"{name}: a Call needs a Payload")
    function = source["Call"] if source["Call"].startswith("{%") else "${" + source["Call"] + "}"
    task = {"Type": "Task"}
    if "Comment" in source:
        task["Comment"] = source["Comment"]
    task["Resource"] = "arn:aws:states:::lambda:invoke"
    task["TimeoutSeconds"] = source.get("TimeoutSeconds", CALL_SECONDS)
    task["Arguments"] = {"FunctionName": function, "Payload": source["Payload"]}
    own = ("Call", "Payload", "Comment", "TimeoutSeconds", "Throttled", "Retry")
    task |= {key: value for key, value in source.items() if key not in own}
    # The first that fits counts: throttles are none of the others' tries.
    return task | {"Retry": [source.get("Throttled", "throttled"), *as_list(source.get("Retry", []))]}


# What a notice must say; `model` where it is about one.
TOLD = {"kind", "severity", "subject", "text"}


def told(name, source):
    """A Task that publishes a notice: text for mail, what Amazon Q Developer in chat applications takes for whoever
    subscribed over HTTPS, attributes for filters; the same as the functions send (shared/ledger/src/notice)."""
    notice = source["Tell"]
    if not TOLD <= notice.keys() <= TOLD | {"model"}:
        raise SourceError(f"{name}: Tell needs {', '.join(sorted(TOLD))}, and takes model")
    subject = f"$substring('Pawl: ' & {expression(notice['subject'])}, 0, 99)"
    parts = ", ".join([
        "'version': '1.0'", "'source': 'custom'",
        "'content': {'textType': 'client-markdown', 'title': $subject, 'description': $substring($text, 0, 2000)}",
        f"'metadata': {{'summary': $subject, 'eventType': {expression(notice['kind'])}}}",
    ])  # fmt: skip
    message = (f"( $subject := {subject}; $text := {expression(notice['text'])}; "
               f"$string({{'default': $text, 'https': $string({{{parts}}})}}) )")  # fmt: skip
    attributes = {one: {"DataType": "String", "StringValue": notice[one]}
                  for one in ("kind", "severity", "model") if one in notice}  # fmt: skip
    task = {"Type": "Task"} | {key: value for key, value in source.items() if key == "Comment"}
    task["Resource"] = "arn:aws:states:::sns:publish"
    task["Arguments"] = {"TopicArn": "${Topic}", "Subject": "{% " + subject + " %}", "MessageStructure": "json",
                         "Message": "{% " + message + " %}", "MessageAttributes": attributes}  # fmt: skip
    return task | {key: value for key, value in source.items() if key not in ("Tell", "Comment")}


def expression(value):
    """The JSONata within a value, or the value as a text of it."""
    if value.startswith("{%"):
        return "(" + value.removeprefix("{%").removesuffix("%}").strip() + ")"
    return json.dumps(value)


def named(policies, name, place):
    if name not in policies:
        raise SourceError(f"{place}: {POLICIES} has no {name}")
    return policies[name]


def as_list(value):
    return value if isinstance(value, list) else [value]


def filled(node, values):
    """The node with each text `$NAME` replaced; JSONata with its own variables stands within {% %}."""
    if isinstance(node, dict):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, values) for value in node]
    if isinstance(node, str) and node.startswith("$") and not node.startswith("${"):
        return named(values, node[1:], f"{values['state']}: Catch: {node}")
    return node


def generated():
    """Each file with the text that its source gives."""
    generator = Generator(yaml.safe_load((SOURCE / POLICIES).read_text()))
    for source in sorted(SOURCE.glob("*.yaml")):
        if source.name == POLICIES:
            continue
        try:
            machine = generator.machine(yaml.safe_load(source.read_text()))
        except SourceError as error:
            raise SourceError(f"{source.name}: {error}") from error
        text = json.dumps(machine, indent=2, ensure_ascii=False) + "\n"
        yield SOURCE.parent / f"{source.stem}.asl.json", text


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if arguments not in ([], ["--check"]):
        print(f"no option {' '.join(arguments)!r}; see --help", file=sys.stderr)
        return 2
    try:
        files = dict(generated())
    except (SourceError, yaml.YAMLError) as error:
        print(f"statemachines/source: {error}", file=sys.stderr)
        return 1
    stray = set(SOURCE.parent.glob("*.asl.json")) - set(files)
    changed = [file for file, text in files.items() if not file.exists() or file.read_text() != text]
    for file in sorted(stray):
        print(f"{file.name} has no source in statemachines/source", file=sys.stderr)
    if arguments:
        for file in changed:
            print(f"{file.name} is not what its source gives: run ./scripts/statemachines", file=sys.stderr)
        return 1 if changed or stray else 0
    for file in changed:
        file.write_text(files[file])
        print(f"wrote statemachines/{file.name}")
    return 1 if stray else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
