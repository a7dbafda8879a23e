"""What tests ask of the judge of rights: sessions of roles, refusals, and an audit of a stack."""
import dataclasses
import json

from . import audit, sessions, used


def answer(method: str, path: str, body: bytes) -> tuple[int, dict]:
    route, given = (method, path.removeprefix("/_standin/rights/")), json.loads(body or b"{}")
    if route == ("GET", "refused"):
        return 200, {"refused": used.refused()}
    if route == ("POST", "forget"):
        used.forget(given.get("match", ""))
        return 200, {}
    if route == ("POST", "session"):
        try:
            return 200, dataclasses.asdict(sessions.session(given["role"], given["name"]))
        except sessions.NotAssumed as error:
            return 400, {"error": str(error)}
    if route == ("POST", "audit"):
        used.grant(given["template"], audit.granted(given["resources"], given["parameters"]))
        return 200, {"problems": audit.problems()}
    return 404, {"error": f"no route {method} {path}"}
