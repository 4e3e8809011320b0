"""What the search hears, whatever was recorded: mono at 16 kHz, in windows of 16,384 samples (1.024 s)."""

from __future__ import annotations

SAMPLE_RATE = 16_000  # Hz
SAMPLES = 16_384  # of one window, the length of a WaveGAN clip (section 3.1)
WINDOW_SECONDS = SAMPLES / SAMPLE_RATE  # 1.024
LEAD_IN = 320  # samples (20 ms) kept before an onset
