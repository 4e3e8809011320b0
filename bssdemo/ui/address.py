"""Where a visitor comes from: all that several sessions of one client have in common."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Any

import gradio as gr


def address(request: gr.Request) -> str | None:
    """The address behind an event; None where there is no server."""
    told = request.request
    return None if told is None else address_of(told.scope)


def address_of(scope: MutableMapping[str, Any]) -> str:
    """The address of an ASGI request: told by the proxy in front, if there is one on this machine or network."""
    peer: str = (scope.get("client") or ("", 0))[0]
    header = next((value for name, value in scope["headers"] if name == b"x-forwarded-for"), b"")
    told = header.decode("latin-1").split(",")[-1].strip()
    return told if told and _is_private(peer) else peer


def _is_private(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_private
    except ValueError:
        return False
