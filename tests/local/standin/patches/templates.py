"""What a stack cannot have: a name that another stack has taken, which ministack hands over, and what a service would not
make. And reserved concurrency, which ministack drops."""
from ministack.core.responses import get_region
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners, stacks

from ..models import resources

_taken: dict[tuple[str, str, str], str] = {}


def install():
    provision, delete = provisioners._provision_resource, provisioners._delete_resource
    update = provisioners._update_resource

    def provision_resource(kind, logical_id, properties, stack):
        if refused := resources.refusal(kind, properties):
            raise ValueError(refused)
        name = _take(kind, properties, stack)
        try:
            made = provision(kind, logical_id, properties, stack)
        except Exception:
            _taken.pop(name, None)
            raise
        _reserve(kind, made[0], properties)
        return made

    def update_resource(kind, physical_id, before, properties, *args, **kwargs):
        if refused := resources.refusal(kind, properties):
            raise ValueError(refused)
        made = update(kind, physical_id, before, properties, *args, **kwargs)
        _reserve(kind, made[0], properties)
        return made

    def delete_resource(kind, physical_id, *args, **kwargs):
        for key in [key for key in _taken if key[:2] == (kind, get_region()) and (
                physical_id in (key[2], key[2].rpartition("/")[2]) or physical_id.endswith(f":{key[2]}"))]:
            del _taken[key]
        return delete(kind, physical_id, *args, **kwargs)

    for module in (provisioners, stacks):
        module._provision_resource, module._delete_resource = provision_resource, delete_resource
        module._update_resource = update_resource


def _reserve(kind: str, function: str, properties: dict):
    if kind == "AWS::Lambda::Function":
        reserved = properties.get("ReservedConcurrentExecutions")
        lambda_svc._functions[function]["concurrency"] = None if reserved is None else int(reserved)


def _take(kind: str, properties: dict, stack: str) -> tuple[str, str, str]:
    """Keep a name for a stack; refused where another stack of the region has it."""
    name = resources.name_of(kind, properties)
    if kind == "AWS::Scheduler::Schedule" and name:
        name = f"{properties.get('GroupName', 'default')}/{name}"
    key = (kind, get_region(), name or "")
    if name and _taken.setdefault(key, stack) != stack:
        if kind == "AWS::Scheduler::Schedule":
            group, _, schedule = name.partition("/")
            raise ValueError(f"Schedule {schedule} already exists in schedule group {group}. (Service: Scheduler, "
                             "Status Code: 409, ConflictException)")
        raise ValueError(f"Resource of type '{kind}' with identifier '{name}' already exists.")
    return key
