"""auto_explain's plans in its other formats (text, XML, YAML), as the nodes of its JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

_NODE = re.compile(
    r"^(?P<indent> *)(?P<arrow>->  )?(?P<name>\S.*?)  "
    r"(?:\(cost=(?P<startup>[\d.]+)\.\.(?P<total>[\d.]+) rows=(?P<rows>\d+) width=(?P<width>\d+)\))?"
    r" ?(?:\(actual "
    r"(?:time=[\d.]+\.\.[\d.]+ )?rows=(?P<actual>[\d.]+) loops=(?P<loops>\d+)\)|(?P<never>\(never executed\)))?$"
)
_FACT = re.compile(r"^(?P<indent> *)(?P<name>[A-Z][\w /()-]*?): (?P<value>.*)$")
_ON = re.compile(
    r"^(?P<parallel>Parallel )?(?P<kind>.+?)(?: using (?P<index>\"[^\"]+\"|\S+))?"
    r" on (?P<relation>(?:\"[^\"]+\"|[^\s\".]+)(?:\.(?:\"[^\"]+\"|[^\s\".]+))?)(?: (?P<alias>\"[^\"]+\"|\S+))?$"
)
_LISTS = {"Sort Key", "Presorted Key", "Group Key", "Output"}
_NUMBERS = re.compile(r"^-?\d+(?:\.\d+)?$")
# What EXPLAIN's text calls otherwise than its JSON.
_KINDS = {"HashAggregate": "Aggregate", "GroupAggregate": "Aggregate", "MixedAggregate": "Aggregate"}
_WRITES = ("Insert", "Update", "Delete", "Merge")
_SUBPLAN = re.compile(r"^ *(InitPlan|SubPlan|CTE) ")
_MEMBERS = ("Append", "Merge Append", "BitmapAnd", "BitmapOr", "Recursive Union")
# What these read is not a table.
_NAMED_ONLY = (
    "CTE Scan", "Subquery Scan", "Function Scan", "Table Function Scan", "Values Scan", "WorkTable Scan",
    "Named Tuplestore Scan",
)  # fmt: skip
_MOST_LINES = 20_000
_XML_NAME = re.compile(r"^\{.*\}")


def read_plan_text(lines: list[str]) -> Mapping[str, Any] | None:
    """The "Plan" node of a plan in text format; None where its first line is not a node."""
    stack: list[tuple[int, dict[str, Any]]] = []
    root: dict[str, Any] | None = None
    role = ""
    for line in lines[:_MOST_LINES]:
        if (found := _NODE.match(line)) and (found["total"] or found["actual"] or found["never"]):
            node = _node(found)
            indent = len(found["indent"])
            while stack and stack[-1][0] >= indent:
                stack.pop()
            if stack:
                node["Parent Relationship"] = role or _role(stack[-1][1])
                stack[-1][1].setdefault("Plans", []).append(node)
                role = ""
            elif root is None:
                root = node
            else:
                return root
            stack.append((indent, node))
        elif root is None:
            return None
        elif subplan := _SUBPLAN.match(line):
            role = "SubPlan" if subplan[1] == "SubPlan" else "InitPlan"
        elif (fact := _FACT.match(line)) and stack:
            _add_fact(stack, len(fact["indent"]), fact["name"], fact["value"])
    return root


def _role(parent: Mapping[str, Any]) -> str:
    """The relationship of the next child that is not a subplan."""
    kind = parent["Node Type"]
    if kind in _MEMBERS or kind == "Subquery Scan":
        return "Member" if kind in _MEMBERS else "Subquery"
    inputs = [one for one in parent.get("Plans", ()) if one["Parent Relationship"] in ("Outer", "Inner")]
    return "Inner" if inputs else "Outer"


def _node(found: re.Match[str]) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if found["total"]:
        node |= {"Startup Cost": float(found["startup"]), "Total Cost": float(found["total"])}
        node |= {"Plan Rows": int(found["rows"]), "Plan Width": int(found["width"])}
    if found["actual"]:
        node |= {"Actual Rows": _number(found["actual"]), "Actual Loops": int(found["loops"])}
    elif found["never"]:
        node |= {"Actual Rows": 0, "Actual Loops": 0}
    return node | _named(found["name"])


def _named(name: str) -> dict[str, Any]:
    on = _ON.match(name)
    if on is None:
        parallel = name.startswith("Parallel ")
        kind = name.removeprefix("Parallel ")
        return {"Node Type": _KINDS.get(kind, kind), "Parallel Aware": parallel}
    kind = on["kind"].removesuffix(" Backward")
    if kind in _WRITES:
        return {"Node Type": "ModifyTable", "Operation": kind, **_table(on["relation"], on["alias"])}
    node: dict[str, Any] = {"Node Type": kind, "Parallel Aware": bool(on["parallel"])}
    if kind in _NAMED_ONLY:
        return node | {"Alias": _bare(on["alias"] or on["relation"])}
    if kind == "Bitmap Index Scan":
        return node | {"Index Name": _bare(on["relation"])}
    if on["index"]:
        node["Index Name"] = _bare(on["index"])
    return node | _table(on["relation"], on["alias"])


def _table(relation: str, alias: str | None) -> dict[str, str]:
    schema, _, name = relation.rpartition(".")
    found = {"Relation Name": _bare(name), "Alias": _bare(alias or name)}
    return found | ({"Schema": _bare(schema)} if schema else {})


def _bare(name: str) -> str:
    return name.strip('"')


def _add_fact(stack: list[tuple[int, dict[str, Any]]], indent: int, name: str, value: str) -> None:
    """A property belongs to the deepest node that is indented less."""
    owner = next((node for depth, node in reversed(stack) if depth < indent or depth == 0), None)
    if owner is None:
        return
    if name in _LISTS:
        owner[name] = split_keys(value)
    elif _NUMBERS.match(value):
        owner[name] = _number(value)
    else:
        owner[name] = value


def split_keys(text: str) -> list[str]:
    """The items of a list that is printed with commas; those between parentheses and quotes are part of an item."""
    items, depth, quote, begin = [], 0, "", 0
    for place, one in enumerate(text):
        if quote:
            quote = "" if one == quote else quote
        elif one in "'\"":
            quote = one
        elif one in "([":
            depth += 1
        elif one in ")]":
            depth -= 1
        elif one == "," and not depth:
            items.append(text[begin:place].strip())
            begin = place + 1
    return [*items, text[begin:].strip()]


def read_plan_xml(text: str) -> Mapping[str, Any] | None:
    """auto_explain's document from its XML; None where it cannot be read, or declares entities."""
    if "<!" in text:
        return None
    try:
        document = _from_xml(ElementTree.fromstring(text.strip()))
    except (ElementTree.ParseError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _from_xml(element: ElementTree.Element) -> Any:
    children = list(element)
    if not children:
        text = element.text or ""
        return _number(text) if _NUMBERS.match(text) else {"true": True, "false": False}.get(text, text)
    if all(_xml_name(child) == "Item" for child in children) or _xml_name(element) == "Plans":
        return [_from_xml(child) for child in children]
    return {_xml_name(child).replace("-", " "): _from_xml(child) for child in children}


def _xml_name(element: ElementTree.Element) -> str:
    return _XML_NAME.sub("", element.tag)


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
