"""What makes a visit last and travel: the address bar tells what is shown, and a refresh finds the last run again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import positions
from bssdemo.ui.audio.events import Tab
from bssdemo.ui.audio.examples import bundled
from bssdemo.ui.audio.layout import DEFAULT_PRESET, preset_settings
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.audio.players import heard
from bssdemo.ui.board.components import value_of
from bssdemo.ui.notes import Updates, note
from bssdemo.ui.session import writing
from bssdemo.ui.share.kept import Kept, Run, archive
from bssdemo.ui.share.shared import WATCH, read
from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.share"
AGAIN = "Your last run is still here. It is kept for an hour."
KNOWN = "() => [{key: sessionStorage.getItem('bss-run') || ''}]"
SAME = 0.005  # of two positions of a slider, which shows two decimals


def shared(blocks: gr.Blocks, audio: Tab, tabs: gr.Tabs, opened: Mapping[str, gr.Tab], kept: Kept) -> None:
    """Wire it inside `blocks`; `opened` are the tabs by what the address calls them, the first one shown at first."""
    ui, comparison = audio.ui, audio.comparison
    examples = {example.slug: example for example in ui.bundled}
    memory = gr.HTML({}, html_template="<i></i>", js_on_load=asset(HERE, "memory.js"), elem_id="memory")

    def keep(outcome: Outcome | None, file: str | None, told: dict[str, str] | None) -> Updates:
        if outcome is None or outcome.folder is None:  # nothing, or an example's recorded run
            return {memory: gr.skip()}
        example = bundled(outcome.heard.mono, outcome.sources, ui.bundled)
        run = Run(outcome, file, example.slug if example else None)
        return {memory: {"key": kept.keep(run, (told or {}).get("key"))}}

    def restore(request: gr.Request, told: dict[str, str] | None) -> Updates:
        asked = read(dict(request.query_params), examples, opened)
        updates: Updates = {}
        if asked.tab is not None:
            updates[tabs] = gr.Tabs(selected=asked.tab)
        if asked.preset is not None:
            updates |= {ui.preset: asked.preset, **preset_settings(ui, asked.preset)}
        if asked.weights is not None:
            updates |= dict(zip(ui.sliders, asked.weights, strict=True))
        if asked.seed is not None:
            updates[ui.seed] = asked.seed
        key = (told or {}).get("key", "")
        watching = {"watching": asked.watch}
        run = kept.find(key)
        if run is None or run.example != asked.example:
            return updates | {memory: {"open": asked.example or "", **watching}}
        outcome = run.outcome
        return updates | {
            **heard(ui, outcome, "refined"),
            **comparison.opened(outcome),
            ui.board: value_of(outcome.frames["refined"]),
            ui.message: note(AGAIN),
            ui.audio: run.recording,
            **{check: name in outcome.sources for name, check in ui.checks.items()},
            **{count: max(1, outcome.sources.count(name)) for name, count in ui.counts.items()},
            memory: {"key": key, **watching},
        }

    def pack(outcome: Outcome | None) -> Any:
        if outcome is None:
            yield gr.skip()
            return
        with writing() as folder:
            file = archive(outcome, folder.path)
            yield gr.DownloadButton(value=file, visible=True) if file else gr.skip()
        folder.remove()  # Gradio serves a copy

    private: dict[str, Any] = {"api_visibility": "private"}
    at_once = private | {"queue": False, "show_progress": "hidden"}

    def addressed(event: Any, changes: str, inputs: list[Any] | None = None) -> None:
        """After an event the address says so; nothing is asked of the server."""
        event(None, inputs, None, js=changes, **at_once)

    for button, slug in zip(ui.examples, examples, strict=True):
        button.elem_id = f"open-{slug}"
        addressed(button.click, f"() => window.bssAddress({{example: '{slug}'}})")
    for event in (ui.audio.upload, ui.audio.stop_recording, ui.audio.clear):
        addressed(event, "() => window.bssAddress({example: ''})")
    addressed(
        ui.reset.click, "() => window.bssAddress({example: '', preset: '', weights: '', seed: '', mode: ''})"
    )
    addressed(ui.separate.click, "() => window.bssAddress({mode: ''})")
    addressed(ui.watch.click, f"() => window.bssAddress({{mode: '{WATCH}'}})")
    addressed(ui.seed.change, "(seed) => window.bssAddress?.({seed: seed ? String(seed) : ''})", [ui.seed])
    stand = json.dumps({name: positions(config) for name, config in PRESETS.items()})
    weighed = f"""(preset, ...stand) => {{
      const own = ({stand})[preset], moved = stand.some((value, at) => Math.abs(value - own[at]) > {SAME});
      window.bssAddress?.({{preset: preset === "{DEFAULT_PRESET}" ? "" : preset, weights: moved ? stand.join() : ""}});
    }}"""
    for change in (ui.preset.change, *(slider.change for slider in ui.sliders)):
        addressed(change, weighed, [ui.preset, *ui.sliders])
    first = next(iter(opened))
    shown = f"""() => {{
      const open = document.querySelector("#tabs [role=tab][aria-selected=true]")?.dataset.tabId;
      window.bssAddress?.({{tab: open === "{first}" ? "" : open}});
    }}"""
    for tab in opened.values():
        addressed(tab.select, shown)
    ui.outcome.change(keep, [ui.outcome, ui.audio, memory], memory, **at_once)
    blocks.load(
        restore, memory, [tabs, memory, *ui.request, *ui.results, *comparison.components], js=KNOWN, **at_once
    ).then(pack, ui.outcome, ui.download, **at_once)
