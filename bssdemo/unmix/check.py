"""How a mask network is doing while it trains: held-out scores, signs of collapse, a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo import image
from bssdemo.data.pictures import PictureSet, to_float
from bssdemo.data.sets import Drawn
from bssdemo.data.spectrograms import SoundSet
from bssdemo.metrics.pictures import grouped, psnr, ssim
from bssdemo.unmix.cycle import unmix_all

COLLAPSED_SHARE = 0.1  # of the brightness, or less: one source has swallowed the other
UNDECIDED = 0.2  # mean |2 M - 1| below this: the mask is grey, nothing is separated yet
SHEET_ROWS = 8
ENLARGE = 2
EPS = 1e-6  # silence scores 0 dB


def held_out(
    network: nn.Module, valid: Drawn, chosen: PictureSet | SoundSet
) -> tuple[Mapping[str, float], tuple[tuple[int, ...], tuple[int, ...]]]:
    """Scores against the true sources, what needs none (share, decision), and which sources either output holds.

    PSNR and SSIM of what a person sees; for sounds also the SNR of the magnitudes, of the mean and of either source.
    """
    mixture = to_float(valid.sums())
    answer = unmix_all(mixture, network)
    score = psnr if isinstance(chosen, PictureSet) else snr
    refs, groups = grouped(valid.sources(), answer.sources, score)
    share = energy_share(mixture, answer.mask)
    decided = (mixture * (2 * answer.mask - 1).abs()).sum() / mixture.sum()
    shown = chosen.see(refs), chosen.see(answer.sources)
    scores = {
        "valid_psnr": psnr(*shown).mean().item(),
        "valid_ssim": ssim(*shown).mean().item(),
        "energy_share": share.mean().item(),
        "share_spread": share.std().item(),
        "decision": decided.item(),
    }
    if isinstance(chosen, SoundSet):
        first, second = snr(refs, answer.sources).mean(0).tolist()
        scores |= {"valid_snr": (first + second) / 2, "valid_snr_1": first, "valid_snr_2": second}
    return scores, groups


def snr(
    ref: Float[Tensor, "*batch channels h w"], est: Float[Tensor, "*batch channels h w"]
) -> Float[Tensor, "*batch"]:
    """10 log10( sum ref^2 / sum (ref - est)^2 ) in dB: the spectral SNR, but of bands and without an inverse."""
    error = (ref - est).square().sum((-3, -2, -1))
    return 10 * torch.log10((ref.square().sum((-3, -2, -1)) + EPS) / (error + EPS))


def collapsed(share: float) -> bool:
    """Whether one source has nearly all the brightness, so that nothing is separated."""
    return not COLLAPSED_SHARE <= share <= 1 - COLLAPSED_SHARE


def warning(share: float, decision: float) -> str | None:
    """What is wrong with these masks, in plain words; None when nothing is."""
    if collapsed(share):
        return (
            f"collapsed: one source gets {100 * max(share, 1 - share):.0f} % of the brightness, so nothing is "
            "separated; start again with another --seed"
        )
    if decision < UNDECIDED:
        return f"undecided: the masks are nearly grey (decision {decision:.2f}); normal at first"
    return None


def write_sheet(file: Path, network: nn.Module, valid: Drawn, chosen: PictureSet | SoundSet) -> None:
    """A PNG with a mixture per row: mixture, mask, both estimates, the true sources. Sounds begin at the top."""
    mixture, refs = to_float(valid.sums()[:SHEET_ROWS]), valid.sources()[:SHEET_ROWS]
    answer = unmix_all(mixture, network)
    seen = (chosen.see(x) for x in (*answer.sources.unbind(1), *refs.unbind(1)))
    columns = [chosen.see(mixture / 2), answer.mask, *seen]
    grid = torch.cat([torch.cat(list(column), dim=-2) for column in columns], dim=-1)  # (channels, h, w)
    file.parent.mkdir(parents=True, exist_ok=True)
    image.write(file, grid, ENLARGE)


def energy_share(
    mixture: Float[Tensor, "B channels h w"], mask: Float[Tensor, "B channels h w"]
) -> Float[Tensor, " B"]:
    """Share of each mixture's brightness that the mask gives to the first source, in [0, 1]."""
    return (mixture * mask).sum(dim=(1, 2, 3)) / (mixture.sum(dim=(1, 2, 3)) + EPS)
