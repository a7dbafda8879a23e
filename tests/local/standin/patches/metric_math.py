"""The part of CloudWatch's metric math that alarms use: arithmetic, comparisons, IF, FILL, MIN, MAX, SUM, AVG, ABS."""
import ast
import math
import operator

_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
           ast.Pow: operator.pow}
_COMPARE = {ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
            ast.Eq: operator.eq, ast.NotEq: operator.ne}
_OVER = {"MIN": min, "MAX": max, "SUM": sum, "AVG": lambda values: sum(values) / len(values)}


class BadExpression(Exception):
    """An expression this part does not know."""


def value(queries: list[dict], read) -> float | None:
    """What the one query with ReturnData gives for one period. `read` gives the value of a MetricStat or None."""
    by_id = {query["Id"]: query for query in queries}
    returned = [query for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise BadExpression("exactly one of an alarm's Metrics must return data")
    return _query(returned[0], by_id, read)


def _query(query: dict, by_id: dict, read) -> float | None:
    if "MetricStat" in query:
        return read(query["MetricStat"])
    text = query["Expression"].replace("&&", " and ").replace("||", " or ").replace("METRICS()", "METRICS")
    return _node(ast.parse(text, mode="eval").body, by_id, read)


def _node(node, by_id, read) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in by_id:
            raise BadExpression(f"there is no metric {node.id}")
        return _query(by_id[node.id], by_id, read)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _node(node.operand, by_id, read)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _node(node.left, by_id, read), _node(node.right, by_id, read)
        if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
            return None
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = _node(node.left, by_id, read), _node(node.comparators[0], by_id, read)
        return None if left is None or right is None else float(_COMPARE[type(node.ops[0])](left, right))
    if isinstance(node, ast.BoolOp):
        parts = [_node(part, by_id, read) or 0.0 for part in node.values]
        return float(all(parts) if isinstance(node.op, ast.And) else any(parts))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id.upper(), node.args, by_id, read)
    raise BadExpression(f"cannot read {ast.unparse(node)}")


def _call(name: str, arguments: list, by_id, read) -> float | None:
    if name in _OVER:
        values = [v for argument in arguments for v in _list(argument, by_id, read) if v is not None]
        return _OVER[name](values) if values else None
    if name == "FILL":
        filled = _node(arguments[0], by_id, read)
        return _node(arguments[1], by_id, read) if filled is None else filled
    if name == "IF":
        condition = _node(arguments[0], by_id, read)
        chosen = arguments[1] if condition else arguments[2] if len(arguments) > 2 else None
        return _node(chosen, by_id, read) if chosen is not None and condition is not None else None
    if name in ("ABS", "CEIL", "FLOOR"):
        inner = _node(arguments[0], by_id, read)
        return None if inner is None else float({"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}[name](inner))
    raise BadExpression(f"the stand-in does not know the function {name}")


def _list(argument, by_id, read) -> list:
    if isinstance(argument, ast.List):
        return [_node(item, by_id, read) for item in argument.elts]
    if isinstance(argument, ast.Name) and argument.id == "METRICS":
        return [read(query["MetricStat"]) for query in by_id.values() if "MetricStat" in query]
    return [_node(argument, by_id, read)]
