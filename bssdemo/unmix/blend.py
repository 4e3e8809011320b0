"""How a file can hold a mixture of two pictures: y = x + b reaches 2, a file only 1.

So it holds either the average of the two (one laid over the other at 50 % opacity) or their sum cut off at 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Blend = Literal["average", "sum"]
GAIN: Mapping[str, float] = {"average": 2.0, "sum": 1.0}  # what brings the file's picture back to y
