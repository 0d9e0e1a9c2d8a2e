"""`kata doctor`: what kata found on this machine, and what is missing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from toolkit.health import HealthItem, examine
from toolkit.place import settings_of
from toolkit.settings import Settings
from toolkit.text import wrap
from toolkit.views.paint import Paint, paint_for
from toolkit.views.prose import pointed

EXAMPLE = """\
kata doctor
kata doctor --postgres /usr/lib/postgresql/16/bin
kata doctor --sandbox"""

_SIGNS = {"fine": ("passed", "green"), "note": ("skipped", "yellow"), "wrong": ("failed", "red")}


def run(
    context: typer.Context,
    postgres: Annotated[
        str | None,
        typer.Option("--postgres", metavar="DIR", help="Look at this installation's bin directory."),
    ] = None,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Attack the sandboxes of this machine and list what they keep."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """What kata found on this machine, and what is missing."""
    settings = settings_of(context)
    if sandbox:
        return _sandboxes(settings, as_json=as_json)
    findings = []
    paint = paint_for(settings)
    for finding in examine(settings, postgres):
        findings.append(finding)
        if not as_json:
            print(_lines(finding, paint), flush=True)
    if as_json:
        print(_as_json(findings, settings))
    return 3 if any(finding.state == "wrong" for finding in findings) else 0


def _lines(finding: HealthItem, paint: Paint) -> str:
    sign, style = _SIGNS[finding.state]
    indent = " " * 20
    first, *rest = wrap(finding.found, paint.width - 20)
    lines = [f"{paint(paint.sign(sign), style, 'bold')} {paint(finding.name.ljust(16), 'bold')}  {first}"]
    lines += [indent + line for line in rest]
    if finding.hint:
        lines += [indent + line for line in pointed(finding.hint, paint, paint.width - 20)]
    return "\n".join(lines)


def _sandboxes(settings: Settings, *, as_json: bool) -> int:
    """0 where some sandbox may run untrusted code, else 1."""
    from toolkit.sandboxes import examine_sandboxes
    from toolkit.views.sandboxes import render_sandboxes, sandboxes_as_json

    found = examine_sandboxes(settings)
    print(sandboxes_as_json(found) if as_json else render_sandboxes(found, paint_for(settings)))
    return 0 if any(one.confines for one in found) else 1


def _as_json(findings: list[HealthItem], settings: Settings) -> str:
    import json

    from toolkit import __version__

    return json.dumps(
        {
            "format": 1,
            "kata": __version__,
            "python": sys.version.split()[0],
            "packs": [str(pack) for pack in settings.packs],
            "findings": [
                {"name": finding.name, "state": finding.state, "found": finding.found, "hint": finding.hint}
                for finding in findings
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
