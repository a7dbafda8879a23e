"""Values of a shape, read from each protocol's notation. What has no place in the shape is kept under its own name, for
the check to refuse; a text that is no value of its type stays text, and is refused for its type."""
import base64
import binascii
import urllib.parse

_SPECIAL = ("NaN", "Infinity", "-Infinity")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


# JSON

def from_json(value, shape, only: dict | None = None):
    """A JSON value. `only` are the members that the body of a REST request has."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, dict):
        members = {inner.serialization.get("name", name): (name, inner)
                   for name, inner in (shape.members if only is None else only).items()}
        out = {}
        for key, member in value.items():
            name, inner = members.get(key, (key, None))
            out[name] = from_json(member, inner) if inner is not None else member
        return out
    if kind == "list" and isinstance(value, list):
        return [from_json(member, shape.member) for member in value]
    if kind == "map" and isinstance(value, dict):
        return {key: from_json(member, shape.value) for key, member in value.items()}
    if kind == "blob" and isinstance(value, str):
        return _blob(value)
    if kind in ("float", "double") and value in _SPECIAL:
        return float(value.replace("Infinity", "inf"))
    return value


def _blob(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None


# One text

def from_text(text: str, shape):
    """A scalar as text: of a form, a header, a path, an XML element."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return _blob(text) if kind == "blob" else text


def typed(value, shape):
    """A value of a template, where numbers and truths may be texts."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {name: typed(member, shape.members[name]) if name in shape.members else member
                for name, member in value.items()}
    if kind == "list" and isinstance(value, list):
        return [typed(member, shape.member) for member in value]
    if kind in ("integer", "long", "float", "double", "boolean") and isinstance(value, str):
        return from_text(value, shape)
    return value


def from_header(text: str, shape):
    if shape.type_name == "list":
        return [from_text(part.strip(), shape.member) for part in text.split(",")]
    return from_text(text, shape)


def take_query(left: dict, name: str, member: str, shape, params: dict):
    """Take a member's value out of the query parameters that are left."""
    if shape.type_name == "map":
        return
    found = left.pop(name, None)
    if found is not None:
        params[member] = ([from_text(one, shape.member) for one in found] if shape.type_name == "list"
                          else from_text(found[-1], shape))


# The query protocol

def from_query(left: dict, shape, prefix: str):
    """Take a shape's value out of the fields that are left; None where it has none."""
    kind = shape.type_name
    if kind == "structure":
        found = {}
        for name, inner in shape.members.items():
            at = inner.serialization.get("name", name)
            if inner.type_name == "list" and inner.serialization.get("flattened"):
                at = inner.member.serialization.get("name", at)
            value = from_query(left, inner, f"{prefix}.{at}" if prefix else at)
            if value is not None:
                found[name] = value
        return found or None
    if kind == "list":
        return _query_list(left, shape, prefix)
    if kind == "map":
        return _query_map(left, shape, prefix)
    text = left.pop(prefix, None)
    return None if text is None else from_text(text, shape)


def _query_list(left: dict, shape, prefix: str):
    if left.get(prefix) == "":  # an empty list
        del left[prefix]
        return []
    step = prefix if shape.serialization.get("flattened") else (
        f"{prefix}.{shape.member.serialization.get('name', 'member')}")
    found = []
    while any(name == f"{step}.{len(found) + 1}" or name.startswith(f"{step}.{len(found) + 1}.") for name in left):
        found.append(from_query(left, shape.member, f"{step}.{len(found) + 1}"))
    return found or None


def _query_map(left: dict, shape, prefix: str):
    step = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    found = {}
    while f"{step}.{len(found) + 1}.{key}" in left:
        at = f"{step}.{len(found) + 1}"
        found[left.pop(f"{at}.{key}")] = from_query(left, shape.value, f"{at}.{value}")
    return found or None


# XML

def from_xml(element, shape):
    kind = shape.type_name
    if kind == "structure":
        return _xml_structure(element, shape)
    if kind == "list":
        return [from_xml(child, shape.member) for child in element]
    if kind == "map":
        key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        return {_child(entry, key).text or "": from_xml(_child(entry, value), shape.value) for entry in element}
    return from_text(element.text or "", shape)


def _xml_structure(element, shape):
    names = {}
    for name, inner in shape.members.items():
        names[inner.serialization.get("name", name)] = name, inner
    out = {}
    for child in element:
        tag = _local(child.tag)
        name, inner = names.get(tag, (tag, None))
        if inner is None:
            out[name] = child.text
        elif inner.type_name == "list" and inner.serialization.get("flattened"):
            out.setdefault(name, []).append(from_xml(child, inner.member))
        else:
            out[name] = from_xml(child, inner)
    for attribute, text in element.attrib.items():
        at = attribute.replace(_XSI, "xsi:")
        if at in names:
            out[names[at][0]] = text
    return out


def _child(element, name: str):
    found = next((child for child in element if _local(child.tag) == name), None)
    if found is None:
        raise ValueError(f"no {name} in {_local(element.tag)}")
    return found


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def form(text: str) -> list[tuple[str, str]]:
    """A header in the notation of a query, as x-amz-tagging."""
    return urllib.parse.parse_qsl(text, keep_blank_values=True)
