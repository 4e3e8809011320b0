"""How a mixture of pictures is to be taken apart, checked in plain words, and the job that it becomes."""

from __future__ import annotations

from dataclasses import dataclass

from bssdemo.baselines.glo import GloConfig
from bssdemo.separation.pictures.methods import METHODS, UNMIX, PictureMethod, PictureSetup
from bssdemo.separation.pictures.mixtures import PictureMixture

GLO = GloConfig(epochs=200, batch=32, shown=1, learning_rate=4e-3, latent_rate=4e-2)
GLO_MIXTURES = 32  # the one in question and examples: two generators learn nothing from one mixture alone


@dataclass(frozen=True)
class PictureRequest:
    """What is asked for; `seed` decides everything random."""

    method: str = UNMIX
    seed: int = 0


@dataclass(frozen=True, eq=False)
class PictureJob:
    """One separation, ready to run; made by `prepare`. `names` are those of the sources."""

    mixture: PictureMixture
    request: PictureRequest
    method: PictureMethod
    setup: PictureSetup
    names: tuple[str, str]


def prepare(mixture: PictureMixture, request: PictureRequest) -> PictureJob:
    """Check a request against a mixture. Raises ValueError with a sentence for the person who asked."""
    chosen, method = mixture.set, METHODS.get(request.method)
    if method is None or method.named:
        unmixer = chosen.network(request.method)  # refuses a method that is not there
        setup = PictureSetup(network=unmixer.network, seed=request.seed)
        return PictureJob(mixture, request, METHODS[request.method], setup, unmixer.sources)
    others = None
    if chosen.examples is not None:
        examples = chosen.examples.mixtures(GLO_MIXTURES)
        differ = (examples - mixture.values).abs().amax(dim=(1, 2, 3)) > 0  # none is fitted to twice
        others = examples[differ][: GLO_MIXTURES - 1]
    setup = PictureSetup(others=others, glo=GLO, seed=request.seed)
    return PictureJob(mixture, request, method, setup, mixture.kinds or ("first source", "second source"))
