"""Reads PostgreSQL's timestamps, in any time zone, as seconds since the epoch."""

from __future__ import annotations

import re
from datetime import date

# Abbreviations of PostgreSQL's default set, in minutes east of Greenwich.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "UCT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MEZ": 60,
    "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "SAST": 120, "PKT": 300, "JST": 540, "KST": 540, "AWST": 480,
    "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "HST": -600, "AKST": -540,
    "AKDT": -480, "PST": -480, "PDT": -420, "MST": -420, "MDT": -360, "CST": -360, "CDT": -300, "EST": -300,
    "EDT": -240, "AST": -240, "ADT": -180, "BRT": -180, "BRST": -120, "ART": -180,
}  # fmt: skip
_NUMERIC = re.compile(r"([+-])(\d{1,2}):?(\d{2})?$")
_EPOCH = date(1970, 1, 1).toordinal()


class Clock:
    """Reads timestamps; remembers the days and zones it met, and the zones that it does not know."""

    def __init__(self) -> None:
        self._days: dict[str, int] = {}
        self._second = ("", 0.0)
        self._zones: dict[str, int] = {}
        self.unknown: list[str] = []

    def read(self, text: str) -> float:
        """Seconds since the epoch of `2026-11-22 02:31:11.123 CET`; 0.0 where it is not a timestamp.

        An unknown zone is taken for UTC and kept in `unknown` once.
        """
        try:
            # Consecutive lines mostly share their second; then only the fraction and the zone are read.
            known, start = self._second
            if known != text[:19]:
                start = self._start(text)
                self._second = (text[:19], start)
            space = text.find(" ", 19)
            if space < 0:
                return start + float("0" + text[19:])
            return start + float("0" + text[19:space]) - self._offset(text[space + 1 :])
        except ValueError:
            return 0.0

    def _start(self, text: str) -> float:
        day = self._days.get(text[:10])
        if day is None:
            day = self._day(text[:10])
        return day + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])

    def _day(self, text: str) -> int:
        day = (date.fromisoformat(text).toordinal() - _EPOCH) * 86400
        self._days[text] = day
        return day

    def _offset(self, zone: str) -> int:
        known = self._zones.get(zone)
        if known is None:
            known = self._zones[zone] = self._read_zone(zone.strip())
        return known

    def _read_zone(self, zone: str) -> int:
        if zone.upper() in _ZONES:
            return _ZONES[zone.upper()] * 60
        numeric = _NUMERIC.match(zone)
        if numeric is None:
            self.unknown.append(zone)
            return 0
        sign, hours, minutes = numeric.groups()
        return (int(hours) * 60 + int(minutes or 0)) * (60 if sign == "+" else -60)
