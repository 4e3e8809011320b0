"""What is not there is said, and its stem is nearly empty; what is there stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo import audio
from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import Layout
from bssdemo.checkpoints.hub import Prior, Tags
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import TIMED_STEPS, TimedEncoder
from bssdemo.models.tagger import Tagger
from bssdemo.separation import Networks, Request, Run, prepare, presence
from bssdemo.separation.heard import Heard
from bssdemo.separation.sharing import Sharing
from bssdemo.separation.together import together

CERTAIN = 9.0  # log odds


class Knowing(Tagger):
    """Hears "speech" where the first half of a window is louder than the second, "piano" always, "bass" never."""

    def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B outputs"]:
        first, second = audio.square().unflatten(1, (2, -1)).sum(2).unbind(1)
        speech = torch.where(first > second, CERTAIN, -CERTAIN)
        return torch.stack([speech, torch.full_like(speech, CERTAIN), torch.full_like(speech, -CERTAIN)], 1)


TAGS = Tags(Knowing(3, 8), ("speech", "piano", "bass"))


def prior(name: str, origin: str = "bundled", timed: bool = False) -> Prior:
    with torch.random.fork_rng():
        torch.manual_seed(len(name))
        latents = 2 * TIMED_STEPS if timed else 4
        generator = Generator(2, latents, timed=timed).freeze()
        encoder: nn.Module = TimedEncoder(8, latents) if timed else LatentEncoder(4, latents)
    encoder.eval().requires_grad_(False)
    return Prior(name, name, generator, {}, origin, "", encoder=encoder)  # type: ignore[arg-type]


def heard(*windows: tuple[float, float]) -> Heard:
    """Noise, its level in either half of every window."""
    noise = torch.randn(len(windows), 2, SAMPLES // 2, generator=torch.Generator().manual_seed(0))
    levels = torch.tensor(windows)[..., None]
    samples = (noise * levels).reshape(1, -1)
    return Heard.of(audio.Recording(samples, audio.SAMPLE_RATE))


@pytest.fixture
def networks() -> Networks:
    return Networks({name: prior(name) for name in ("digit", "piano", "bass")}, tags=TAGS)


def test_the_tagger_tells_of_the_shipped_kinds_and_an_encoder_of_ones_own() -> None:
    recording = heard((0.1, 0.01))
    own, shipped, digit, mute = (
        prior("bass", "folder", timed=True),
        prior("bass"),
        prior("digit"),
        prior("birds"),
    )
    told = presence.confidence(recording, [own, shipped, digit, mute], TAGS)
    own_word, never, as_speech, nothing = told
    assert own_word is not None
    assert never is not None
    assert as_speech is not None
    assert nothing is None
    assert float(never.max()) < 0.001
    assert float(as_speech.min()) > 0.999
    assert not torch.equal(own_word, never)
    assert presence.missing(recording, [shipped, digit], ["bass", "digits"], TAGS) == [
        "bass: not found in this recording."
    ]


def test_of_a_long_recording_some_windows_are_heard() -> None:
    recording = heard(*[(0.1, 0.01), (0.01, 0.1)] * 3)
    (all_of_it,) = presence.confidence(recording, [prior("digit")], TAGS)
    (some,) = presence.confidence(recording, [prior("digit")], TAGS, most=2)
    assert all_of_it is not None
    assert some is not None
    assert (len(all_of_it), len(some)) == (len(recording.windows.starts), 2)


def test_factors_turn_down_what_is_missing_and_never_all() -> None:
    windows = torch.stack([torch.linspace(1, 0.1, SAMPLES), torch.linspace(0.1, 1, SAMPLES)])
    factors = presence.factors(windows, [prior("digit"), prior("piano")], TAGS)
    assert factors is not None
    torch.testing.assert_close(factors, torch.tensor([[1.0, 1.0], [presence.TURNED_DOWN, 1.0]]))
    only = presence.factors(windows, [prior("bass")], TAGS)
    assert only is not None
    assert bool((only == 1).all())  # something sounds there
    twice = presence.factors(windows, [prior("bass"), prior("bass"), prior("piano")], TAGS)
    assert twice is not None
    assert bool((twice == 1).all())  # two of a kind cannot be told apart by it
    assert presence.factors(windows, [prior("bass", "folder")], TAGS) is None
    assert presence.factors(windows, [prior("bass")], None) is None


def test_an_absent_sources_stem_is_nearly_empty(networks: Networks) -> None:
    recording = heard((0.1, 0.08), (0.08, 0.1))
    request = Request(("piano", "bass"), steps=2)
    results = []
    for one in (networks, replace(networks, tags=None)):
        run = Run(prepare(recording, request, one))
        for _ in run:
            pass
        results.append(run.result())
    known, unknown = results
    torch.testing.assert_close(known.raw, unknown.raw)  # the search is the same
    torch.testing.assert_close(known.refined.sum(0) + known.residual, recording.mono, atol=1e-5, rtol=0)
    assert any("bass: not found" in note for note in known.notes)
    below = 10 * torch.log10(known.refined[1].square().sum() / recording.mono.square().sum())
    assert float(below) < -20
    ((_, alone),) = together([prepare(recording, request, networks)])
    torch.testing.assert_close(alone.refined, known.refined, atol=1e-4, rtol=1e-3)


def test_a_source_is_turned_down_where_it_is_missing_alone(networks: Networks) -> None:
    """Speech in the first of two windows: its share falls in the second, and all shares are one."""
    recording = heard((0.1, 0.01), (0.01, 0.1))
    estimates = recording.mono.expand(2, -1)
    sharing = Sharing(None, (networks.priors["digit"], networks.priors["piano"]), TAGS)
    two = Layout(2 * SAMPLES, SAMPLES, 320, (0, SAMPLES - 320, SAMPLES))
    masks = sharing.masks(recording.mono, estimates, two)
    torch.testing.assert_close(masks.sum(0), torch.ones_like(masks[0]))
    plain = Sharing().masks(recording.mono, estimates)
    torch.testing.assert_close(masks[:, :60], plain[:, :60], atol=1e-5, rtol=0)
    assert float(masks[0, -20:].mean()) < 0.1 * float(plain[0, -20:].mean())
    batch = torch.stack([recording.mono[:SAMPLES], recording.mono[SAMPLES : 2 * SAMPLES]])
    each = sharing.masks(batch, batch[:, None].expand(2, 2, -1))
    assert float(each[1, 0].mean()) < 0.1 * float(each[0, 0].mean())


def test_what_is_called_missing_is_turned_down_everywhere() -> None:
    """Odds that no single window would go by, and all of a long recording together do."""

    class Doubting(Knowing):
        def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B outputs"]:
            return super().forward(audio).clamp_min(-2.0)  # 0.12

    tags = Tags(Doubting(3, 8), TAGS.names)
    recording = heard(*[(0.1, 0.08)] * 4)
    assert len(recording.windows.starts) >= presence.LONG
    priors = [prior("piano"), prior("bass")]
    assert presence.missing(recording, priors, ["piano", "bass"], tags) == [
        "bass: not found in this recording."
    ]
    factors = presence.factors_of(recording.mono, recording.windows, priors, tags)
    assert factors is not None
    assert factors[:, 1].tolist() == pytest.approx([presence.TURNED_DOWN] * len(factors))
    one = presence.factors(recording.mono[None, :SAMPLES], priors, tags)
    assert one is not None
    assert bool((one == 1).all())


def test_the_papers_search_is_left_to_itself(networks: Networks) -> None:
    job = prepare(heard((0.1, 0.08)), Request(("piano", "bass"), preset="paper", steps=2), networks)
    assert job.sharing.tags is None
    assert prepare(job.heard, Request(("piano", "bass")), networks).sharing.tags is TAGS


@pytest.mark.parametrize("preset", ["balanced", "paper"])
def test_the_tagger_hears_every_window_once_in_a_run(networks: Networks, preset: str) -> None:
    """The shares and the sentence "not found" go by the same hearing."""
    windows: list[int] = []

    class Counting(Knowing):
        def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B outputs"]:
            windows.append(len(audio))
            return super().forward(audio)

    counted = replace(networks, tags=Tags(Counting(3, 8), TAGS.names))
    job = prepare(heard((0.1, 0.08)), Request(("piano", "bass"), preset=preset, steps=2), counted)
    run = Run(job)
    for _ in run:
        pass
    assert any("bass: not found" in note for note in run.result().notes)
    assert windows == [len(job.heard.windows.starts)]
