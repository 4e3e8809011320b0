"""How a mask network is doing while it trains: held-out scores, signs of collapse, a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from bssdemo import image
from bssdemo.evaluation.pictures import in_order, psnr, ssim
from bssdemo.training.pictures import Mixtures, to_float
from bssdemo.training.unmix_losses import energy_share
from bssdemo.unmix.cycle import unmix_all

COLLAPSED_SHARE = 0.1  # of the brightness, or less: one source has swallowed the other
UNDECIDED = 0.2  # mean |2 M - 1| below this: the mask is grey, nothing is separated yet
SHEET_ROWS = 8
ENLARGE = 2


def held_out(network: nn.Module, valid: Mixtures) -> tuple[Mapping[str, float], bool]:
    """Scores against the true sources, what needs none (share, decision), and whether the order is swapped."""
    mixture, refs = to_float(valid.sums()), valid.sources()
    answer = unmix_all(mixture, network)
    ordered, swapped = in_order(refs, answer.sources)
    share = energy_share(mixture, answer.mask)
    decided = (mixture * (2 * answer.mask - 1).abs()).sum() / mixture.sum()
    scores = {
        "valid_psnr": psnr(refs, ordered).mean().item(),
        "valid_ssim": ssim(refs, ordered).mean().item(),
        "energy_share": share.mean().item(),
        "share_spread": share.std().item(),
        "decision": decided.item(),
    }
    return scores, swapped


def warning(share: float, decision: float) -> str | None:
    """What is wrong with these masks, in plain words; None when nothing is."""
    if not COLLAPSED_SHARE <= share <= 1 - COLLAPSED_SHARE:
        return (
            f"collapsed: one source gets {100 * max(share, 1 - share):.0f} % of the brightness, so nothing is "
            "separated; start again with another --seed"
        )
    if decision < UNDECIDED:
        return f"undecided: the masks are nearly grey (decision {decision:.2f}); normal at first"
    return None


def write_sheet(file: Path, network: nn.Module, valid: Mixtures) -> None:
    """A PNG with a mixture per row: mixture, mask, both estimates, both true sources."""
    shown = Mixtures(valid.first[:SHEET_ROWS], valid.second[:SHEET_ROWS])
    mixture, refs = to_float(shown.sums()), shown.sources()
    answer = unmix_all(mixture, network)
    columns = [mixture / 2, answer.mask, *answer.sources.unbind(1), *refs.unbind(1)]
    grid = torch.cat([torch.cat(list(column), dim=-2) for column in columns], dim=-1)  # (channels, h, w)
    file.parent.mkdir(parents=True, exist_ok=True)
    image.write(file, grid, ENLARGE)
