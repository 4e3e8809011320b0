"""Networks only: WaveGAN generator and critic, latent encoder."""

from bssdemo.models.encoder import LatentEncoder
from bssdemo.models.wavegan import Critic, Generator

__all__ = ["Critic", "Generator", "LatentEncoder"]
