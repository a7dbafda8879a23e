"""What CloudFormation refuses or does when `sam deploy` comes with a change set, and ministack lets pass: capabilities that were not
given, references to nothing, a stack that was rolled back, and Fn::Join within a condition."""
import copy
import sys

from ministack.services.cloudformation import changesets, engine, handlers

from ..deploy import DeployError, check_references


def install():
    handlers._capabilities_enforced = lambda: True
    _refuse_what_cannot_be()
    _join_within_conditions()


def _refuse_what_cannot_be():
    create = changesets._create_change_set

    def create_change_set(params):
        stack = handlers._resolve_stack(changesets._p(params, "StackName"))
        if stack and stack.get("StackStatus") == "ROLLBACK_COMPLETE":
            reason = f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
            return changesets._error("ValidationError", reason)
        body, refused = changesets._resolve_template(params)
        if not refused and body:
            try:
                check_references(engine._parse_template(body))
            except DeployError as error:
                return changesets._error("ValidationError", str(error))
        return create(params)

    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_change_set


def _join_within_conditions():
    evaluate = engine._evaluate_conditions

    def evaluate_conditions(template, params):
        conditions = _joined(copy.deepcopy(template.get("Conditions", {})), params)
        return evaluate({**template, "Conditions": conditions}, params)

    _everywhere("_evaluate_conditions", evaluate, evaluate_conditions)


def _joined(node, params):
    if isinstance(node, list):
        return [_joined(item, params) for item in node]
    if not isinstance(node, dict):
        return node
    if "Fn::Join" in node:
        separator, items = node["Fn::Join"]
        value = params[items["Ref"]]["Value"] if isinstance(items, dict) else items
        return separator.join(value.split(",") if isinstance(value, str) else value)
    return {key: _joined(value, params) for key, value in node.items()}


def _everywhere(name, original, replacement):
    """In each module of ministack's CloudFormation that has taken the function by its name."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("ministack.services.cloudformation") and getattr(module, name, None) is original:
            setattr(module, name, replacement)
