"""Where sounds begin: spectral flux, the growth of a log spectrogram from frame to frame.

    flux[t] = sum over f of max(0, L[t, f] - L[t - 1, f]),   L = log(1 + C |STFT| / mean |STFT|)

(Bello et al., "A tutorial on onset detection in music signals", IEEE TSAP 13(5), 2005, section III-B.)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.stft import Stft, magnitude

STFT = Stft(512, 128)  # 32 ms frames every 8 ms at 16 kHz
COMPRESSION = 10.0  # C: bins above a tenth of the mean count
AROUND = 6  # frames to either side (48 ms) in which only the largest flux is an onset
EPS = 1e-6  # added to the mean and to sums before a division


def strength(mono: Float[Tensor, " samples"]) -> Float[Tensor, " frames"]:
    """How much of a sound begins at sample `128 t`, for t = 0, 1, ..., to the end; mean 1 over the onsets.

    Zero wherever no onset is; silence has none. 16 kHz, any level.
    """
    ahead = F.pad(
        mono, (STFT.frame // 2 + STFT.hop, STFT.frame)
    )  # frame t + 1 has its middle at sample 128 t
    level = magnitude(ahead, STFT)
    level = torch.log1p(COMPRESSION * level / (level.mean() + EPS))
    flux = level.diff(dim=0).clamp_min(0).sum(1)[: -(-len(mono) // STFT.hop)]
    flux[max(0, len(mono) - STFT.frame // 2) // STFT.hop :] = 0  # the recording's end is no sound's beginning
    highest = F.max_pool1d(flux[None], 2 * AROUND + 1, 1, AROUND)[0]
    peaks = torch.where((flux == highest) & (flux > flux.mean()), flux, torch.zeros_like(flux))
    return peaks * ((peaks > 0).sum() / (peaks.sum() + EPS))
