"""A visitor of the page without a browser: keeps its components' values and calls its handlers, as Gradio does."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.blocks import Block

SKIPPED = gr.skip()


class Visitor:
    """`values` by component; `sets(...)` as the visitor does it, `does(...)` as an event of the page does."""

    def __init__(self, blocks: gr.Blocks, name: str = "somebody") -> None:
        self.blocks, self.name = blocks, name
        self.values: dict[Block, Any] = {}
        self.shown: dict[Block, bool] = {}
        with_ids = [block for block in blocks.blocks.values() if getattr(block, "elem_id", None)]
        self.by_id = {block.elem_id: block for block in with_ids}

    def value(self, component: Block | str) -> Any:
        component = self.by_id[component] if isinstance(component, str) else component
        return self.values.get(component, getattr(component, "value", None))

    def sets(self, component: Block | str, value: Any) -> None:
        self.values[self.by_id[component] if isinstance(component, str) else component] = value

    def labelled(self, label: str) -> Block:
        """The first component with this label."""
        return next(block for block in self.blocks.blocks.values() if getattr(block, "label", None) == label)

    def handler(self, module: str, name: str) -> Any:
        """The first event of the page whose function is called so."""
        return next(
            one
            for one in self.blocks.fns.values()
            if one.fn and one.fn.__name__ == name and one.fn.__module__ == f"bssdemo.ui.{module}"
        )

    def starts(self, module: str, name: str) -> Iterator[dict[Block, Any]]:
        """The updates of one event, each taken as it comes."""
        event = self.handler(module, name)
        given = {component: self.value(component) for component in event.inputs}
        arguments = [given] if event.inputs_as_dict else list(given.values())
        if "request" in inspect.signature(event.fn).parameters:
            arguments.insert(0, gr.Request(session_hash=self.name))
        answer = event.fn(*arguments)
        for updates in answer if inspect.isgenerator(answer) else [answer]:
            assert updates is None or set(updates) <= set(event.outputs), (
                "an output that Gradio was not told of"
            )
            assert updates != {}, "Gradio takes an empty dictionary for a value"
            for component, value in (updates or {}).items():
                self._take(component, value)
            yield updates or {}

    def does(self, module: str, name: str) -> list[dict[Block, Any]]:
        """One event to its end."""
        return list(self.starts(module, name))

    def _take(self, component: Block, value: Any) -> None:
        if value == SKIPPED and isinstance(value, dict):
            return
        if isinstance(value, Block):
            told = value.constructor_args
            if "visible" in told:
                self.shown[component] = told["visible"]
            if "value" in told:
                self.values[component] = told["value"]
        else:
            self.values[component] = value
