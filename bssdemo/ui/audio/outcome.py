"""What a visitor's last run left, live or recorded: what is heard, shown, and compared with other methods.

Held by a gr.State, which knows visitors apart and forgets them. The files of a live run go with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.search.objective import Weights
from bssdemo.separation import Heard, Result
from bssdemo.separation.files import Files
from bssdemo.separation.names import MIXTURE, RESIDUAL
from bssdemo.ui.board.components import Shown
from bssdemo.ui.mixer.component import Track
from bssdemo.ui.session import Folder, Kind


@dataclass(frozen=True, eq=False)
class Outcome:
    """One finished run; `heard`, `raw` and `refined` as the search heard and left them: mono, 16 kHz."""

    sources: tuple[str, ...]  # prior names, one per stem
    labels: tuple[str, ...]  # of the stems
    heard: Heard
    raw: Float[Tensor, "K samples"]
    refined: Float[Tensor, "K samples"]
    mixture: Path
    stems: Mapping[Kind, Sequence[Path]]
    residual: Path
    frames: Mapping[Kind, Shown]  # the board's last
    folder: Folder | None = None  # of a live run's files
    weights: Weights | None = None  # that acted at the end of a live run

    @classmethod
    def of(cls, result: Result, files: Files, frames: Mapping[Kind, Shown], folder: Folder) -> Outcome:
        """A live run, its files written into `folder`."""
        job = result.job
        return cls(
            job.setup.sources,
            job.labels,
            in_one_channel(job.heard),
            result.raw,
            result.refined,
            files.mixture,
            {"refined": files.stems, "raw": files.raw},
            files.residual,
            frames,
            folder,
            result.weights,
        )

    @property
    def name(self) -> str:
        """What the recording is called: the beginning of the name of every file that is downloaded."""
        return Path(self.heard.name).stem

    def tracks(self, kind: Kind, truths: Sequence[Path] = ()) -> list[Track]:
        """What there is to hear: the mixture, every stem, the residual and, where known, the true sources."""
        ending = "" if kind == "refined" else f"-{kind}"

        def saved(file: Path, ending: str = "") -> str:
            return f"{self.name}-{file.stem}{ending}.wav"

        stems = zip(self.labels, self.stems[kind], strict=True)
        return [
            Track("mixture", MIXTURE, self.mixture, saved(self.mixture)),
            *(Track("stem", label, file, saved(file, ending)) for label, file in stems),
            Track("residual", RESIDUAL, self.residual, saved(self.residual)),
            *(
                Track("truth", label, file, saved(file, "-true"))
                for label, file in zip(self.labels, truths, strict=False)
            ),
        ]


def in_one_channel(heard: Heard) -> Heard:
    """The same recording as other methods get it, and with nothing that is not needed any more."""
    return replace(heard, recording=audio.Recording(heard.mono[None], audio.SAMPLE_RATE))
