"""Text files that ship beside the modules of the page: styles, scripts and templates."""

from __future__ import annotations

from importlib import resources


def asset(package: str, name: str) -> str:
    """`<package>/assets/<name>`, for example asset("bssdemo.ui.pictures", "boards.css")."""
    return resources.files(package).joinpath("assets", name).read_text(encoding="utf-8")
