"""What is refused, in which words, and what a request becomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.models import Generator, LatentEncoder
from bssdemo.search.long import LONG_STEPS
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS
from bssdemo.separation import METHODS, Heard, Networks, Request, networks, prepare, read
from bssdemo.separation.request import ALONE, SHARED, Limits, configure

PAIR = ("digit", "piano")


def lasting(seconds: float) -> Heard:
    return Heard.of(audio.Recording(0.1 * torch.ones(1, round(16_000 * seconds)).cumsum(1).sin(), 16_000))


@pytest.mark.parametrize(
    ("request_", "limits", "sentence"),
    [
        (Request(()), ALONE, "Tick at least one source"),
        (Request(("guitar", "digit")), ALONE, "There is no source called guitar. Available: digit, drums, piano."),
        (Request(("digit",) * 9), ALONE, "At most 8 sources at once, please: 9 are chosen."),
        (Request(("digit",) * 5), SHARED, "At most 4 sources at once, please: 5 are chosen."),
        (Request(PAIR, "magic"), ALONE, "There is no method called magic. Available: gan, unmix, fastica"),
        (Request(("digit",), "nmf"), SHARED, "NMF shares a mixture out among 2 to 4 sources, not 1."),
        (Request(PAIR, "unmix"), ALONE, "Unmix-and-remix has no trained network here"),
        (Request(PAIR, preset="best"), ALONE, f"no preset called best. Available: {', '.join(PRESETS)}."),
        (Request(PAIR, steps=0), ALONE, "steps must lie between 1 and 1000000"),
        (Request(PAIR, steps=0.4), ALONE, "steps must lie between 1 and 1000000"),
        (Request(PAIR, steps=2.5), ALONE, "and be whole"),
        (Request(PAIR, steps=float("nan")), ALONE, "steps must lie"),
        (Request(PAIR, steps=float("inf")), ALONE, "steps must lie"),
        (Request(PAIR, starts=float("nan")), ALONE, "starts must lie"),
        (Request(PAIR, steps=2001), SHARED, "steps must lie between 1 and 2000"),
        (Request(PAIR, starts=9), SHARED, "starts must lie between 1 and 8"),
        (Request(PAIR, learning_rate=0.0), ALONE, "learning rate must lie above 0"),
        (Request(PAIR, learning_rate=float("nan")), ALONE, "learning rate must lie above 0"),
        (Request(PAIR, start="middle"), ALONE, "no start called middle. Available: zeros, encoder."),
        (Request(PAIR, gain="loud"), ALONE, "no gain called loud. Available: fixed, estimated."),
        (Request(PAIR, seed=-1), ALONE, "seed must lie between 0 and 2147483647, got -1"),
        (Request(PAIR, seed=2**31), ALONE, "got 2147483648"),
    ],
)  # fmt: skip
def test_what_cannot_be_met_is_a_sentence(
    heard: Heard, priors: Networks, request_: Request, limits: Limits, sentence: str
) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        prepare(heard, request_, priors, limits)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.most_seconds])
def test_a_recording_too_long_for_a_method_is_refused_before_the_work(priors: Networks, method: str) -> None:
    most = METHODS[method].most_seconds
    assert most is not None
    prepare(lasting(most), Request(PAIR, method), priors)
    with pytest.raises(
        ValueError, match=f"at most {most:.0f} s of recording; this one lasts {most + 1:.1f} s"
    ):
        prepare(lasting(most + 1), Request(PAIR, method), priors)


def test_a_network_for_others_is_named(tiny_sound_masks: Path, heard: Heard) -> None:
    loaded = networks.unmixer_of(("digit", "drums"), tiny_sound_masks)
    assert prepare(heard, Request(("digit", "drums"), "unmix"), loaded).names == ("digit", "drums")
    for sources in (PAIR, ("digit", "digit"), ("digit", "drums", "piano")):
        with pytest.raises(ValueError, match=r"no network for these sources, only for drums and digit\."):
            prepare(heard, Request(sources, "unmix"), loaded)


def test_what_is_not_given_is_the_presets_own() -> None:
    for name, preset in PRESETS.items():
        assert configure(Request(PAIR, preset=name)) == preset
    weights = Weights(spectral=0.5, dissociation=0.0, coherence=0.2, frequency=1.0)
    asked = Request(
        PAIR,
        preset="paper",
        weights=weights,
        steps=7,
        learning_rate=0.5,
        starts=2,
        start="zeros",
        gain="estimated",
    )
    assert configure(asked) == replace(
        PRESETS["paper"], objective=replace(PRESETS["paper"].objective, weights=weights), steps=7,
        learning_rate=0.5, starts=2, start="zeros", gain="estimated",
    )  # fmt: skip


def test_a_long_recording_is_shortened_for_visitors_and_as_asked_for_a_person_alone(priors: Networks) -> None:
    long = lasting(3.2)
    usual = prepare(long, Request(PAIR), priors)
    assert (
        usual.setup.config == PRESETS["balanced"]
    )  # a default search is the same however long the recording
    asked = Request(PAIR, steps=LONG_STEPS + 3, starts=2)
    alone, shared = prepare(long, asked, priors, ALONE), prepare(long, asked, priors, SHARED)
    assert (alone.setup.config.steps, alone.setup.config.starts) == (LONG_STEPS + 3, 2)
    assert (shared.setup.config.steps, shared.setup.config.starts) == (LONG_STEPS, 1)
    told = f"A recording of this length is searched in {LONG_STEPS} steps from one start."
    assert told in shared.notes
    assert told not in alone.notes


def test_notes_are_said_once_and_stems_are_named(heard: Heard, priors: Networks) -> None:
    named = prepare(heard, Request(("piano", "digit", "piano")), priors)
    assert named.names == ("piano-1", "digit", "piano-2")
    assert named.labels == ("piano 1", "spoken digits", "piano 2")
    assert len(set(named.notes)) == len(named.notes)
    assert (
        "There is no encoder for piano, spoken digits yet: its sound is searched without a first guess."
        in named.notes
    )
    assert any("The recording lasts 0.60 s" in note for note in named.notes)
    unnamed = prepare(heard, Request(("piano", "digit", "piano"), "nmf"), Networks())
    assert unnamed.names == ("component-1", "component-2", "component-3")
    assert unnamed.labels == ("component 1", "component 2", "component 3")
    assert unnamed.notes[-1] == "NMF does not know which component is which source: they have no names."


def test_an_encoder_that_is_there_is_not_missed(heard: Heard, priors: Networks) -> None:
    digit = replace(priors.priors["digit"], encoder=LatentEncoder(width=2))
    assert isinstance(digit.generator, Generator)
    found = prepare(heard, Request(("digit",)), Networks({"digit": digit}))
    assert not any("encoder" in note for note in found.notes)


@pytest.mark.parametrize(("samples", "reason"), [(16_000, "silent"), (100, "lasts 0.006 s; at least 0.05 s")])
def test_nothing_to_hear_is_refused_on_reading(tmp_path: Path, samples: int, reason: str) -> None:
    sound = torch.zeros(samples) if samples > 1_000 else torch.ones(samples) / 2
    audio.write_wav(tmp_path / "a.wav", sound)
    with pytest.raises(audio.AudioError, match=reason):
        read(tmp_path / "a.wav")


def test_a_recording_is_heard_as_it_is_and_as_the_search_needs_it(heard: Heard) -> None:
    assert (heard.name, heard.recording.sample_rate) == ("chord.flac", 22_050)
    assert heard.recording.samples.shape == (2, 13_230)
    assert len(heard.mono) == 9_600
    assert heard.seconds == pytest.approx(0.6)
