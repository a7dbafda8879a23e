"""The models' patterns are Java's. What Python reads differently is written anew; what cannot be read is in a list.

`unreadable.yaml` names each such pattern with the reason; a test holds it exact, so that none is left out in silence.
"""
import functools

import regex

# In Java these classes and escapes are of ASCII only.
_CLASSES = {"Alnum": "a-zA-Z0-9", "Alpha": "a-zA-Z", "Digit": "0-9", "ASCII": r"\x00-\x7F", "Print": r"\x20-\x7E",
            "Graph": r"\x21-\x7E", "Space": r" \t\n\x0B\f\r", "Upper": "A-Z", "Lower": "a-z", "Punct": r"!-/:-@\[-`{-~",
            "Cntrl": r"\x00-\x1F\x7F", "XDigit": "0-9a-fA-F", "Blank": r" \t"}
_ESCAPES = {"w": "a-zA-Z0-9_", "d": "0-9", "s": r" \t\n\x0B\f\r"}
# Java's pairs of surrogates: one range of what lies above 16 bits.
_PAIRS = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
_TOKEN = regex.compile(r"\\[pP]\{(?<name>\w+)\}|\\(?<escape>.)|(?<other>.)", regex.DOTALL)


class Unreadable(Exception):
    """A pattern that cannot be held."""


@functools.cache
def compiled(pattern: str) -> regex.Pattern:
    """A Java pattern as one of ours."""
    text, inside, out = pattern.replace(*_PAIRS), False, []
    for token in _TOKEN.finditer(text):
        if name := token["name"]:
            out.append(_class(token[0], name, inside))
        elif escape := token["escape"]:
            out.append(_escape(escape, inside, text[token.end():token.end() + 1]))
        else:
            if token[0] in "[]":
                inside = token[0] == "["
            if inside and text[token.start():token.start() + 2] == "&&":
                raise Unreadable("an intersection of classes")
            out.append(token[0])
    try:
        return regex.compile("".join(out))
    except regex.error as error:
        raise Unreadable(str(error)) from None


def _class(text: str, name: str, inside: bool) -> str:
    """`\\p{Alnum}`; a Unicode category such as `\\p{L}` stays as it is."""
    ascii_only = _CLASSES.get(name)
    if ascii_only is None:
        return text
    if text[1] == "p":
        return ascii_only if inside else f"[{ascii_only}]"
    if inside:
        raise Unreadable(f"{text} within a class")
    return f"[^{ascii_only}]"


def _escape(letter: str, inside: bool, following: str) -> str:
    if letter == "z":
        return r"\Z"
    members = _ESCAPES.get(letter.lower())
    if members is None:
        return "\\" + letter
    if letter.islower():
        # Java takes a minus behind a class as itself.
        return (members if following != "-" else members + r"\-") if inside else f"[{members}]"
    if not inside:
        return f"[^{members}]"
    if letter == "S":  # [\S\s] and the like
        return r"\x00-\x08\x0E-\x1F\x21-\U0010FFFF"
    raise Unreadable(f"\\{letter} within a class")
