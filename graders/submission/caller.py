"""What of the caller's environment an install is given: a few settings, read and passed on by name."""

from __future__ import annotations

from collections.abc import Mapping

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_CERTIFICATES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
)
_LOCALE = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TERM")


def passed_on(caller: Mapping[str, str]) -> dict[str, str]:
    """Proxies, certificates, locale and terminal of the caller; nothing else of its environment."""
    names = (*_PROXIES, *(name.upper() for name in _PROXIES), *_CERTIFICATES, *_LOCALE)
    return {"LANG": "C.UTF-8", **{name: caller[name] for name in names if caller.get(name)}}
