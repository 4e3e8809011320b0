"""The sets of the pictures' tab are those of the room below it."""

from tests.separation.pictures.conftest import sets

__all__ = ["sets"]
