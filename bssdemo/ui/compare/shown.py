"""The comparison as updates of its components: for a finished run, while methods work, at the end, and scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import isnan

import gradio as gr
from jaxtyping import Float
from torch import Tensor

from bssdemo.separation import METHODS, Networks
from bssdemo.separation.names import MIXTURE
from bssdemo.separation.scores import METRICS, Stems, Truths, given, score
from bssdemo.ui.audio.examples import Example, known
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.board.components import EMPTY, Shown, value_of
from bssdemo.ui.compare.layout import DEFAULT_METHODS, Controls, MethodRow, choices
from bssdemo.ui.compare.run import Compared, answered, offered, ordered, running
from bssdemo.ui.mixer.component import EMPTY as SILENT
from bssdemo.ui.mixer.component import Track
from bssdemo.ui.mixer.component import value_of as sounds_of
from bssdemo.ui.notes import Updates, note
from bssdemo.ui.session import Turn, writing

NO_TRUTHS = "Scores need the true sources: those of the examples are known, for others see below."
KEY = "<p>↑ higher is better, ↓ lower is better; the best of every column is bold.</p>"


def opened(ui: Controls, outcome: Outcome, networks: Networks) -> Updates:
    """The section for what a run has left: its methods and slots of true sources, no results."""
    methods, refusals = offered(outcome.sources, outcome.heard.seconds, networks)
    chosen = gr.CheckboxGroup(
        choices=choices(methods),
        value=[name for name in methods if name in DEFAULT_METHODS],
        info=" ".join(refusals) or None,
    )
    return {**emptied(ui, outcome.labels), ui.box: gr.Column(visible=True), ui.chosen: chosen}


def closed(ui: Controls) -> Updates:
    """The section when there is no run to compare with."""
    return {**emptied(ui), ui.box: gr.Column(visible=False)}


def emptied(ui: Controls, labels: Sequence[str] = ()) -> Updates:
    """Before anything was compared: no results, and a slot for the true source of every stem."""
    slots = [gr.Audio(value=None, label=f"true source of {label}", visible=True) for label in labels]
    spare = [gr.Audio(value=None, visible=False) for _ in ui.truths[len(labels) :]]
    updates: Updates = dict(zip(ui.truths, [*slots, *spare], strict=True))
    updates |= {ui.message: "", ui.compared: None, ui.table: ""}
    for row in (ui.ours, *ui.rows.values()):
        updates |= _gone(row)
    return updates


def compared(
    outcome: Outcome,
    chosen: Sequence[str],
    truth_files: Sequence[str | None],
    examples: Sequence[Example],
    networks: Networks,
    turn: Turn,
    ui: Controls,
) -> Iterator[Updates]:
    """The chosen methods, one after the other, and their scores. Raises ValueError with a sentence for the visitor."""
    jobs = ordered(chosen, outcome, networks)
    truths = given(truth_files, outcome.labels, outcome.heard) or known(
        outcome.heard.mono, outcome.sources, examples
    )
    begins = _row(ui.ours, outcome.frames["refined"], outcome.name, outcome.tracks("refined", ()))
    begins |= {ui.message: "", ui.compared: None, ui.table: ""}
    for row in ui.rows.values():
        begins |= _gone(row)
    yield begins
    with writing() as folder:
        left = Compared(folder)
        for name, job in jobs.items():
            if turn.stopped:
                break
            yield {ui.message: note(f"{job.method.title} takes the mixture apart …")}
            for snapshot, frame in running(job, turn):
                if turn.dropped:
                    folder.remove()
                    return
                if frame is not None and not snapshot.done:
                    yield {ui.rows[name].board: value_of(frame)}
            left.answers[name] = answered(job, snapshot, frame, folder.path / name)
            yield _answers(ui, left, outcome, truths, [name])
        if truths is not None:
            yield {ui.message: note("Scoring …")}
        said = "Stopped; this is what there is so far." if turn.stopped else "Done."
        ends = {
            ui.message: note(said, *_remarks(truths)),
            ui.compared: left,
            **_scores(ui, left, outcome, truths),
        }
    for name in jobs.keys() - left.answers.keys():
        ends |= _gone(ui.rows[name])
    yield ends


def scored(
    ui: Controls, outcome: Outcome, left: Compared | None, truth_files: Sequence[str | None]
) -> Updates:
    """What the methods left held against the visitor's true sources. Raises ValueError with a sentence for them."""
    truths = given(truth_files, outcome.labels, outcome.heard)
    if truths is None:
        raise ValueError("Upload the true sources first, one for every stem.")
    updates = {ui.message: note("Scored.", *_remarks(truths)), **_scores(ui, left, outcome, truths)}
    return updates | (_answers(ui, left, outcome, truths, list(left.answers)) if left else {})


def _answers(
    ui: Controls, left: Compared, outcome: Outcome, truths: Truths | None, names: Sequence[str]
) -> Updates:
    updates: Updates = {}
    for name in names:
        answer = left.answers[name].arranged(truths, outcome.labels)
        parts = zip(answer.labels, answer.files, strict=True)
        tracks = [
            Track("mixture", MIXTURE, outcome.mixture, f"{outcome.name}-{MIXTURE}.wav"),
            *(Track("stem", label, file, f"{outcome.name}-{name}-{file.stem}.wav") for label, file in parts),
        ]
        updates |= _row(ui.rows[name], answer.frame, outcome.name, tracks)
    return updates


def _row(row: MethodRow, shown: Shown, name: str, tracks: Sequence[Track]) -> Updates:
    """One method's board and mixer."""
    return {row.board: value_of(shown), row.mixer: sounds_of(name, tracks)}


def _gone(row: MethodRow) -> Updates:
    return {row.board: EMPTY, row.mixer: SILENT}


def _remarks(truths: Truths | None) -> tuple[str, ...]:
    return (NO_TRUTHS,) if truths is None else truths.notes


def _scores(ui: Controls, left: Compared | None, outcome: Outcome, truths: Truths | None) -> Updates:
    if truths is None:
        return {ui.table: ""}
    mixture = outcome.heard.mono.expand_as(truths.refs)
    found = {"the mixture itself": mixture, "ours, raw": outcome.raw, "ours, refined": outcome.refined}
    stems = {title: Stems(estimates, True) for title, estimates in found.items()}
    if left is not None:
        stems |= {METHODS[name].title: answer.stems for name, answer in left.answers.items()}
    values = score(truths, outcome.sources, stems)
    return {ui.table: table(values, outcome.labels)}


def table(values: Mapping[str, Float[Tensor, "metrics K"]], labels: Sequence[str]) -> str:
    """The scores as HTML, the best of every column strong."""
    best = {}
    for at, (_, _, higher) in enumerate(METRICS):
        for k in range(len(labels)):
            column = [float(rows[at, k]) for rows in values.values() if not rows[at, k].isnan()]
            best[at, k] = (max if higher else min)(column, default=None)
    heads = "".join(
        f'<th colspan="{len(labels)}" scope="colgroup">{title} {"↑" if higher else "↓"}</th>'
        for title, _, higher in METRICS
    )
    stems = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels) * len(METRICS)
    lines = []
    for title, rows in values.items():
        cells = "".join(
            f"<td>{_cell(float(rows[at, k]), best[at, k])}</td>"
            for at in range(len(METRICS))
            for k in range(len(labels))
        )
        lines.append(f'<tr><th scope="row">{escape(title)}</th>{cells}</tr>')
    return (
        f"<table><thead><tr><td></td>{heads}</tr><tr><td></td>{stems}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>{KEY}"
    )


def _cell(value: float, best: float | None) -> str:
    if isnan(value):
        return "n/a"
    return f"<strong>{value:.2f}</strong>" if value == best else f"{value:.2f}"
