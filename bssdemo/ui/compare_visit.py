"""One visitor's comparison as the values of its components: while methods run, at the end, and scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from bssdemo.ui.audio_output import hidden, player
from bssdemo.ui.board import EMPTY
from bssdemo.ui.compare import Compared, Heard, Row, heard, run, write
from bssdemo.ui.compare_controls import Comparison, choices, ticked
from bssdemo.ui.compare_methods import (
    UNMIX,
    WORDS,
    catalogue,
    check,
    component_names,
    lacking,
    left_out,
    offered,
)
from bssdemo.ui.examples import Example
from bssdemo.ui.job import MOST_SOURCES
from bssdemo.ui.kept import Kept, new_folder, owning
from bssdemo.ui.notes import note
from bssdemo.ui.scores import Truths, given, known, score, table
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf

NO_TRUTHS = "Scores need the true sources: those of the examples are known, for others see below."


def opened(kept: Kept | None, shelf: Shelf, ui: Comparison) -> list[Any]:
    """Values of the section, for what a run has left: its box, methods, slots of true sources, no results."""
    if kept is None:
        return [gr.Column(visible=False), gr.skip(), *(_slot(None) for _ in ui.truths), *_cleared(ui)]
    seconds = heard(kept).seconds
    methods = offered(catalogue(kept.sources, shelf), seconds)
    remarks = filter(None, (left_out(seconds), lacking(kept.sources, shelf)))
    names = [*kept.labels, *[None] * (MOST_SOURCES - len(kept.labels))]
    return [
        gr.Column(visible=True),
        gr.CheckboxGroup(choices=choices(methods), value=ticked(methods), info=" ".join(remarks) or None),
        *(_slot(name) for name in names),
        *_cleared(ui),
    ]


def _slot(name: str | None) -> gr.Audio:
    return gr.Audio(value=None, label=f"true source of {name}", visible=name is not None)


def _cleared(ui: Comparison) -> list[Any]:
    """Values of `Comparison.results` before anything was compared."""
    return ["", None, gr.HTML(value="", visible=False), *(value for _ in ui.rows for value in _gone())]


def _gone() -> list[Any]:
    """A row that is not shown."""
    return [gr.Column(visible=False), EMPTY, *(hidden() for _ in range(MOST_SOURCES))]


def _waiting() -> list[Any]:
    """A row whose method has not answered; the players of a comparison before stay until it has."""
    return [gr.Column(visible=True), EMPTY, *_players_stay()]


def _update(ui: Comparison, message: Any, rows: dict[str, list[Any]], *ends: Any) -> list[Any]:
    """Values of `Comparison.results` with those rows changed; `ends` are what was left and the table."""
    values = {key: [gr.skip() for _ in row.parts] for key, row in ui.rows.items()} | rows
    return [message, *(ends or [gr.skip(), gr.skip()]), *(value for row in values.values() for value in row)]


def skipped(ui: Comparison, message: Any = None) -> list[Any]:
    """Values of `Comparison.results` that change nothing, but for a message."""
    return _update(ui, gr.skip() if message is None else message, {})


def _players_stay() -> list[Any]:
    return [gr.skip() for _ in range(MOST_SOURCES)]


def _shown(names: Sequence[str], frame: str, files: Sequence[Any]) -> list[Any]:
    """One row's board and players."""
    spare = [hidden() for _ in range(MOST_SOURCES - len(files))]
    return [gr.Column(visible=True), frame, *map(player, names, files), *spare]


def compared(
    kept: Kept,
    chosen: Sequence[str],
    truth_files: Sequence[str | None],
    examples: Sequence[Example],
    shelf: Shelf,
    session: Session,
    ui: Comparison,
) -> Iterator[list[Any]]:
    """Values of `Comparison.results` while the chosen methods run one after the other, and at their end.

    Raises ValueError with a sentence for the visitor.
    """
    about = heard(kept)
    methods = catalogue(about.sources, shelf)
    check(chosen, methods, len(about.labels), about.seconds)
    truths = given(truth_files, about) or known(about, examples)
    left, folder = Compared(), new_folder()
    owning(left, folder)
    # nothing is hidden that a moment later is shown: Gradio can lose the second of the two
    boxes = {key: _waiting() if key in chosen else _gone() for key in ui.rows}
    boxes[""] = _shown(about.labels, kept.frames["refined"], kept.stems["refined"])
    yield _update(ui, "", boxes, None, gr.HTML(value=""))
    for key in (key for key in methods if key in chosen):
        if session.stopped:
            break
        names = component_names(key, about.labels)
        words = note(f"{methods[key].title} takes the mixture apart …")
        yield skipped(ui, words)
        for snapshot, frame in run(methods[key], about.mono, names, session):
            if session.dropped:
                yield skipped(ui)
                return
            if frame is not None and not snapshot.done:
                yield _update(ui, gr.skip(), {key: [gr.skip(), frame, *_players_stay()]})
        left.rows.append(write(key, snapshot, str(frame), folder))
        yield _update(ui, gr.skip(), {key: [gr.skip(), *_arranged(left.rows[-1], about, truths)[1:]]})
    if truths is not None:
        yield skipped(ui, note("Scoring …"))
    said = "Stopped; this is what there is so far." if session.stopped else "Done."
    unreached = {key: _gone() for key in chosen if key not in {row.method for row in left.rows}}
    yield _update(ui, note(said, *_remarks(truths)), unreached, left, _scores(left, about, truths))
    yield skipped(ui)  # the last values are sent twice


def scored(kept: Kept, left: Compared | None, truth_files: Sequence[str | None], ui: Comparison) -> list[Any]:
    """Values of `Comparison.results` with what the methods left held against the visitor's true sources.

    Raises ValueError with a sentence for the visitor.
    """
    about = heard(kept)
    truths = given(truth_files, about)
    if truths is None:
        raise ValueError("Upload the true sources first, one for every stem.")
    left = left or Compared()
    rows = {row.method: _arranged(row, about, truths) for row in left.rows}
    return _update(ui, note("Scored.", *_remarks(truths)), rows, gr.skip(), _scores(left, about, truths))


def _arranged(row: Row, about: Heard, truths: Truths | None) -> list[Any]:
    """A finished row, components without names in the order of the true sources if they are known."""
    if truths is not None and row.method != UNMIX:
        order = truths.order(row.estimates())
        row = row.arranged(order, [f"nearest to {label}" for label in about.labels])
    return _shown(row.names, row.frame, row.files)


def _remarks(truths: Truths | None) -> tuple[str, ...]:
    return (NO_TRUTHS,) if truths is None else truths.notes


def _scores(left: Compared, about: Heard, truths: Truths | None) -> Any:
    if truths is None:
        return gr.HTML(value="", visible=False)
    found = {WORDS[row.method][0]: row.estimates() for row in left.rows}
    values = score(truths, about, found, named=[WORDS[UNMIX][0]])
    return gr.HTML(value=table(values, about.labels), visible=True)
