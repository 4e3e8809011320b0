"""True sources, known or brought by the visitor, and what every method scores against them. No Gradio here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from bssdemo import audio
from bssdemo.evaluation.assignment import best_order
from bssdemo.evaluation.metrics import envelope_distance, si_sdr, sir, spectral_snr
from bssdemo.offline import MOST_SECONDS
from bssdemo.ui.compare import Heard
from bssdemo.ui.examples import Example

METRICS: Sequence[
    tuple[str, Callable[[Tensor, Tensor], Tensor], bool]
] = (  # (title, function, higher is better)
    ("Spectral SNR (dB)", spectral_snr, True),
    ("RMS env. distance", envelope_distance, False),
    ("SIR (dB)", sir, True),
    ("SI-SDR (dB)", si_sdr, True),
)
MOST_SCORED = 20  # seconds: SIR of four stems takes 2 s of work then, and 8 s for a minute
KEY = "<p>↑ higher is better, ↓ lower is better; the best of every column is bold.</p>"
SLACK = 800  # samples (50 ms) by which a true source may be shorter or longer than the mixture
UNEXPLAINED = 0.01  # of the mixture's energy: beyond it the sources given are not all there is
SAME = 1e-3  # difference of two readings of one mixture, far above 16 bits


@dataclass(frozen=True)
class Truths:
    """The true sources in the order of the stems, at the mixture's level and as long as it; remarks on them."""

    refs: Float[Tensor, "K samples"]
    notes: tuple[str, ...] = ()

    def order(self, ests: Float[Tensor, "K samples"]) -> list[int]:
        """For every true source the number of the component nearest to it, each used once."""
        refs, ests = (x[None, :, : MOST_SCORED * audio.SAMPLE_RATE] for x in (self.refs, ests))
        return best_order(refs, ests, ["component"] * refs.shape[1])[0].tolist()


def known(about: Heard, examples: Sequence[Example]) -> Truths | None:
    """Those of the example that was separated, if it was one and its own sources were looked for."""
    for example in examples:
        files = dict(zip(example.sources, example.truths(), strict=False))
        if sorted(about.sources) != sorted(files):
            continue
        mono = audio.to_mono_16k(audio.read(example.mixture, MOST_SECONDS))
        if len(mono) == len(about.mono) and (mono - about.mono).abs().max() < SAME:
            refs = [audio.to_mono_16k(audio.read(files[name], MOST_SECONDS)) for name in about.sources]
            return Truths(torch.stack(refs))
    return None


def given(files: Sequence[str | None], about: Heard) -> Truths | None:
    """Those the visitor uploaded, one per stem; None without any. Raises ValueError with a sentence for them."""
    if not any(files):
        return None
    refs, notes = [], []
    for label, file in zip(about.labels, files[: len(about.labels)], strict=True):
        if not file:
            raise ValueError(f"The true source of {label} is missing: scores need one for every stem.")
        try:
            ref = audio.to_mono_16k(audio.read(file, MOST_SECONDS))
        except audio.AudioError as error:
            raise ValueError(f"True source of {label}: {error}.") from error
        longer = len(ref) - len(about.mono)
        if abs(longer) > SLACK:
            raise ValueError(
                f"The true source of {label} lasts {len(ref) / audio.SAMPLE_RATE:.2f} s, the mixture "
                f"{about.seconds:.2f} s: bring it as it is in the mixture, as long and beginning where it begins."
            )
        if longer:
            notes.append(f"The true source of {label} was {'cut' if longer > 0 else 'filled up'} at its end.")
        refs.append(functional.pad(ref, (0, -longer)))
    stacked = torch.stack(refs)
    rest = (about.mono - stacked.sum(0)).square().sum() / about.mono.square().sum()
    if rest > UNEXPLAINED:
        notes.append(
            f"These sources do not add up to the mixture: the difference has {100 * rest:.0f} % of its energy. "
            "Scores that compare levels suffer from that."
        )
    return Truths(stacked, tuple(notes))


def score(
    truths: Truths,
    about: Heard,
    found: Mapping[str, Float[Tensor, "K samples"]],
    named: Collection[str] = (),
) -> dict[str, Float[Tensor, "metrics K"]]:
    """Every metric for the mixture itself, our raw and refined stems, and each of `found`.

    Only the first MOST_SCORED seconds count. Stems of different kinds keep their
    places in ours and in those `named`; all others are put in their best order.
    """
    samples = MOST_SCORED * audio.SAMPLE_RATE
    refs = truths.refs[:, :samples]
    kinds = {title: list(about.sources) if title in named else ["component"] * len(refs) for title in found}
    answers = {"the mixture itself": (about.mono.expand_as(truths.refs), list(about.sources))}
    answers |= {
        "ours, raw": (about.raw, list(about.sources)),
        "ours, refined": (about.refined, list(about.sources)),
    }
    answers |= {title: (ests, kinds[title]) for title, ests in found.items()}
    values = {}
    for title, (ests, alike) in answers.items():
        ests = ests[:, :samples]
        ests = ests[best_order(refs[None], ests[None], alike)[0]]
        values[title] = torch.stack([function(refs, ests) for _, function, _ in METRICS])
    return values


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
