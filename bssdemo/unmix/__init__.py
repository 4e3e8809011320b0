"""Method 2, unmix-and-remix (Hoshen 2018): a mask network learned from mixtures alone.

The package and its first function have one name, and the package can be called: `bssdemo.unmix(mixture, network)` is
`bssdemo.unmix.cycle.unmix(mixture, network)`, whichever of the two was imported first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from bssdemo.unmix.cycle import Mask, Unmixed


class _Package(ModuleType):
    def __call__(self, mixture: Tensor, network: Mask) -> Unmixed:
        from bssdemo.unmix.cycle import unmix

        return unmix(mixture, network)


sys.modules[__name__].__class__ = _Package
