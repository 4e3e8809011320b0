"""The model card that a training writes beside its weights: what it learned from, how, and what it was measured at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CARD = """---
license: other
license_name: see-the-recordings
library_name: bssdemo
tags:
  - audio
  - source-separation
  - generative-prior
---

# {name}: a generative prior for {label}

A WaveGAN generator (Donahue et al. 2019; model size {model_size}, float16) whose latent lies along time: 16 steps of
{width} numbers. It makes 16,384 samples at 16 kHz. `encoder.safetensors` gives a mixture's latent for this source, its
level below the mixture's, and whether the source is there at all.

## Data

{train} training clips of 1.024 s. {valid} further clips, other files or recordings, served for the figures below.
{others}

Add here where the recordings come from and under which licences: this program cannot know.

## Recipe

`{recipe}`

## How good it is

{examples} validation clips, never trained on, by the encoder alone without a search, after {steps} steps:

| what | value |
|---|---|
| spectral SNR of single clips | {valid_alone:.2f} dB |
| spectral SNR in mixtures with the other kinds | {valid_mixed:.2f} dB |
| level, median error | {valid_level:.1f} dB |
| presence right | {valid_presence:.0%} of mixtures |
"""


def card(
    told: Mapping[str, object],
    measured: Mapping[str, float],
    recordings: Sequence[str],
    stand_ins: Sequence[str],
) -> str:
    """The card's text. `told` fills the places of CARD that `measured`, the log's last check, does not."""
    others = f"Mixed with recordings of {', '.join(recordings)}." if recordings else ""
    if stand_ins:
        others += f" Mixed with what the priors of {', '.join(stand_ins)} make, in place of recordings."
    return CARD.format(**{**told, **measured, "others": others.strip() or "Mixed with nothing."})
