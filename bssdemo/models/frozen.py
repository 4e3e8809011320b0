"""A convolution along time whose kernel never changes: channels last, prepared once for both directions.

    y[q] = b + sum over m of x[q + m - width // 2] K[m],   and its gradient for x, the same sum with
    dx[q] = sum over m of dy[q + m - width // 2] K[width - 1 - m]^T

Only the gradient with respect to x exists. On a CPU oneDNN gets both kernels in its own order, once:
putting them into it at every call costs more than the products of a layer with few time steps.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


class FixedConvolution:
    """Odd kernels, zeros beyond the ends, so that there are as many time steps after as before.

    `kernel` decides device and dtype. With `rectify` negative results become 0.
    """

    def __init__(
        self,
        kernel: Float[Tensor, "outputs inputs width"],
        bias: Float[Tensor, " outputs"],
        *,
        rectify: bool,
    ) -> None:
        self.bias, self.rectify = bias.detach().clone(), rectify
        self.padding = kernel.shape[2] // 2
        self.packed = _packable(kernel)
        kernel = kernel.detach()
        self.kernel = self._prepared(kernel)
        self.transposed = self._prepared(kernel.flip(2).transpose(0, 1))

    def __call__(self, x: Float[Tensor, "B time inputs"]) -> Float[Tensor, "B time outputs"]:
        """The convolution, differentiable once with respect to x."""
        y: Tensor = _Convolve.apply(x, self)
        return y

    def forward(self, x: Float[Tensor, "B time inputs"]) -> Float[Tensor, "B time outputs"]:
        """Its value."""
        return self._product(x, self.kernel, self.bias, self.rectify)

    def backward(self, slope: Float[Tensor, "B time outputs"]) -> Float[Tensor, "B time inputs"]:
        """Its transpose, without what `rectify` adds."""
        return self._product(slope, self.transposed, None, False)

    def __deepcopy__(self, memo: dict[int, Any]) -> FixedConvolution:
        """Itself, for it never changes; oneDNN's tensors cannot be copied."""
        return self

    def _prepared(self, kernel: Tensor) -> Tensor:
        """The kernel of a picture one pixel high, whose last axis is time."""
        flat = kernel[:, :, None].contiguous(memory_format=torch.channels_last)
        if not self.packed:
            return flat
        return _pack(flat, self.padding)

    def _product(self, x: Tensor, kernel: Tensor, bias: Tensor | None, rectify: bool) -> Tensor:
        flat = x.mT[:, :, None]  # a view: channels last, as the kernel
        if self.packed:
            y = _packed_product(flat, kernel, bias, self.padding, rectify)
        else:
            y = F.conv2d(flat, kernel, bias, padding=[0, self.padding])
            y = y.relu_() if rectify else y
        return y[:, :, 0].mT.contiguous()


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, convolution: FixedConvolution) -> Tensor:
        y = convolution.forward(x)
        ctx.convolution = convolution
        ctx.save_for_backward(*([y] if convolution.rectify else []))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        for y in ctx.saved_tensors:
            slope = torch.ops.aten.threshold_backward(slope, y, 0)
        return ctx.convolution.backward(slope.contiguous()), None


def _packable(kernel: Tensor) -> bool:
    """Whether oneDNN takes this kernel in its own order, through operators that torch keeps to itself."""
    if kernel.device.type != "cpu" or kernel.dtype not in (torch.float32, torch.bfloat16):
        return False
    return packing_works(kernel.dtype)


@cache
def packing_works(dtype: torch.dtype) -> bool:
    """Whether this torch has those operators, as they were in 2.13, and they answer as its public ones do."""
    try:
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        x = (
            torch.linspace(-1, 1, 32, dtype=dtype)
            .view(1, 4, 1, 8)
            .contiguous(memory_format=torch.channels_last)
        )
        kernel = torch.linspace(-1, 1, 24, dtype=dtype).view(2, 4, 1, 3)
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        ours = _packed_product(x, _pack(kernel, 1), None, 1, False)
        return torch.allclose(ours.float(), F.conv2d(x, kernel, padding=[0, 1]).float(), atol=0.05)
    except (AttributeError, RuntimeError, TypeError, NotImplementedError):
        return False


def _pack(kernel: Tensor, padding: int) -> Tensor:
    """The kernel in oneDNN's own order."""
    example = [1, kernel.shape[1], 1, 64]  # any length is taken, this one chooses the order
    reorder = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed: Tensor = reorder(kernel.to_mkldnn(), [0, padding], [1, 1], [1, 1], 1, example)  # type: ignore[call-arg]  # torch's stub knows one argument
    return packed


def _packed_product(x: Tensor, kernel: Tensor, bias: Tensor | None, padding: int, rectify: bool) -> Tensor:
    """The convolution with such a kernel."""
    y: Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, kernel, bias, [0, padding], [1, 1], [1, 1], 1, "relu" if rectify else "none", [], ""
    )
    return y
