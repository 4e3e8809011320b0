"""How finely samples are told apart: what is written has the depth of what was read.

A 16-bit recording has nothing to say below its steps; one of 24 bits, or of floats, may be heard at -90 dB.
"""

from __future__ import annotations

COARSE = frozenset(
    ("PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "G723_24",
     "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32", "VOX_ADPCM", "DPCM_8", "DPCM_16", "DWVW_12",
     "DWVW_16", "ALAC_16")
)  # fmt: skip
FINE = frozenset(("PCM_24", "DWVW_24", "ALAC_20", "ALAC_24"))
FLOATS = frozenset(("PCM_32", "FLOAT", "DOUBLE", "ALAC_32", "DWVW_N"))
QUIET = 1e-2  # -40 dB of full scale: a decoder's floats below it are kept as floats
SUBTYPE = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}  # of a WAV
SILENCE = {16: 1e-4, 24: 1e-6, 32: 1e-6}  # peak around the mean: 3 steps of 16 bits, 8 of 24


def bits_of(subtype: str, peak: float) -> int:
    """16, 24 or 32 (floats), for what libsndfile calls a file's samples and for how loud they are."""
    if subtype in FINE:
        return 24
    if subtype in FLOATS:
        return 32
    return 16 if subtype in COARSE or peak >= QUIET else 32
