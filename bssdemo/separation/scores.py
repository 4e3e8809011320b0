"""True sources of a recording, and what separations of it score against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from bssdemo import audio
from bssdemo.metrics.assignment import best_order
from bssdemo.metrics.audio import envelope_distance, si_sdr, sir, spectral_snr
from bssdemo.separation.heard import MOST_SECONDS, Heard

METRICS: Sequence[
    tuple[str, Callable[[Tensor, Tensor], Tensor], bool]
] = (  # (title, function, higher is better)
    ("Spectral SNR (dB)", spectral_snr, True),
    ("RMS env. distance", envelope_distance, False),
    ("SIR (dB)", sir, True),
    ("SI-SDR (dB)", si_sdr, True),
)
MOST_SCORED = 20  # seconds: SIR of four stems takes 2 s of work then, and 8 s for a minute
SLACK = 800  # samples (50 ms) by which a true source may be shorter or longer than the mixture
UNEXPLAINED = 0.01  # of the mixture's energy: beyond it the sources given are not all there is


@dataclass(frozen=True, eq=False)
class Stems:
    """What a separation found, mono at 16 kHz at the recording's level; `named`: in the order of the sources."""

    estimates: Float[Tensor, "K samples"]
    named: bool


@dataclass(frozen=True, eq=False)
class Truths:
    """The true sources in the order of the stems, at the mixture's level and as long as it; remarks on them."""

    refs: Float[Tensor, "K samples"]
    notes: tuple[str, ...] = ()

    def order(self, ests: Float[Tensor, "K samples"]) -> list[int]:
        """For every true source the number of the component nearest to it, each used once."""
        refs, ests = (x[None, :, : MOST_SCORED * audio.SAMPLE_RATE] for x in (self.refs, ests))
        return best_order(refs, ests, ["component"] * refs.shape[1])[0].tolist()


def given(files: Sequence[str | Path | None], labels: Sequence[str], heard: Heard) -> Truths | None:
    """Those that a person brought, one file per stem; None without any. Raises ValueError with a sentence for them."""
    if not any(files):
        return None
    refs, notes = [], []
    for label, file in zip(labels, files[: len(labels)], strict=True):
        if not file:
            raise ValueError(f"The true source of {label} is missing: scores need one for every stem.")
        try:
            ref = audio.to_mono_16k(audio.read(file, MOST_SECONDS))
        except audio.AudioError as error:
            raise ValueError(f"True source of {label}: {error}.") from error
        longer = len(ref) - len(heard.mono)
        if abs(longer) > SLACK:
            raise ValueError(
                f"The true source of {label} lasts {len(ref) / audio.SAMPLE_RATE:.2f} s, the mixture "
                f"{heard.seconds:.2f} s: bring it as it is in the mixture, as long and beginning where it begins."
            )
        if longer:
            notes.append(f"The true source of {label} was {'cut' if longer > 0 else 'filled up'} at its end.")
        refs.append(functional.pad(ref, (0, -longer)))
    stacked = torch.stack(refs)
    rest = (heard.mono - stacked.sum(0)).square().sum() / heard.mono.square().sum()
    if rest > UNEXPLAINED:
        notes.append(
            f"These sources do not add up to the mixture: the difference has {100 * rest:.0f} % of its energy. "
            "Scores that compare levels suffer from that."
        )
    return Truths(stacked, tuple(notes))


def score(
    truths: Truths, sources: Sequence[str], found: Mapping[str, Stems]
) -> dict[str, Float[Tensor, "metrics K"]]:
    """Every metric for each of `found`, on the first MOST_SCORED seconds.

    Named stems of different `sources` keep their places; all others are put in their best order.
    """
    samples = MOST_SCORED * audio.SAMPLE_RATE
    refs = truths.refs[:, :samples]
    values = {}
    for title, stems in found.items():
        kinds = list(sources) if stems.named else ["component"] * len(refs)
        ests = stems.estimates[:, :samples]
        ests = ests[best_order(refs[None], ests[None], kinds)[0]]
        values[title] = torch.stack([function(refs, ests) for _, function, _ in METRICS])
    return values
