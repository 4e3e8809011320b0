"""Hugging Face's ZeroGPU: a card that a Space is lent for the length of one call, which has a process of its own.

Such a Space sets SPACES_ZERO_GPU and has the package `spaces`. Everywhere else nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

VARIABLE = "SPACES_ZERO_GPU"
SECONDS = 60  # that a call may take, as `spaces` has it by default; then its process is ended
ENOUGH = 50.0  # seconds after which a search should end by itself, so that it still delivers

Given = ParamSpec("Given")
Yielded = TypeVar("Yielded")


def lends() -> bool:
    """Whether this is such a Space."""
    return os.environ.get(VARIABLE, "").strip().lower() in ("1", "t", "true")


def lent(work: Callable[Given, Iterator[Yielded]]) -> Callable[Given, Iterator[Yielded]]:
    """A generator function that has a card while it runs; as it is where none are lent.

    With a card it runs in a fork of this process. What it is given and what it yields is pickled, changes of anything
    else are seen on one side alone, and it goes on whether or not anybody asks for what it yields. Raises ValueError
    with what `spaces` tells a visitor, as that their time on the cards is used up.
    """
    if not lends():
        return work
    import spaces  # before Gradio, and before anything asks for CUDA

    decorated: Callable[Given, Iterator[Yielded]] = spaces.GPU(duration=SECONDS)(work)

    def told(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[Yielded]:
        try:
            yield from decorated(*args, **kwargs)
        except Exception as error:
            if type(error).__module__.startswith("gradio"):  # which stays in ui
                raise ValueError(str(getattr(error, "message", error))) from error
            raise

    return told
