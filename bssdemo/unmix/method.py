"""Unmix-and-remix on a recording, under the signature of the baselines; its stems have names.

unmixer = hub.load_sound_unmixer(["digit", "drums"])
*_, answer = method(unmixer, ["digit", "drums"]).separate(mix, 2)      # answer.estimates: (2, samples)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.baselines.catalogue import Baseline
from bssdemo.hub import Unmixer
from bssdemo.snapshot import Snapshot
from bssdemo.unmix import spectrogram

NAME = "unmix"
TITLE = "Unmix-and-remix"
ABOUT = (
    "A mask network trained on mixtures of these two kinds alone, never on one of them by itself: it knows only "
    "recordings like those it was trained on, and docs/unmix.md has its scores."
)


def method(unmixer: Unmixer, sources: Sequence[str]) -> Baseline:
    """The network as a method whose stems come in the order of `sources`, the two that it tells apart.

    It takes mono of any level and length, and raises AudioError for silence.
    """
    order = [unmixer.sources.index(name) for name in sources]

    def separate(
        mix: Float[Tensor, " samples"],
        sources: int,
        *,
        seed: int = 0,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Snapshot]:
        level, gain = audio.to_search_level(mix, sources)
        for snapshot in spectrogram.separate(level[None], unmixer.network):
            yield replace(snapshot, total=snapshot.total[0], estimates=snapshot.estimates[0, order] / gain)

    return Baseline(TITLE, ABOUT, False, separate)
