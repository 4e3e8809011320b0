"""The served page through gradio_client: it streams, stops and still delivers, refuses bad input."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import torch
from gradio_client import Client, handle_file
from PIL import Image

from bssdemo import audio
from bssdemo.baselines.catalogue import BASELINES
from bssdemo.search.objective import TERMS
from bssdemo.ui.pictures.gallery import PICTURES

PATIENCE = 90  # seconds, for a busy machine
START_UP = 180  # seconds until the page is served


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served page keeps files for its visitors."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def address(
    tiny_sound_masks: Path, tiny_masks: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The page in a process of its own, as it is served: jaxtyping's checks hide what a generator is."""
    folder = tmp_path_factory.mktemp("networks")
    for made in (*tiny_sound_masks.iterdir(), *tiny_masks.iterdir()):
        shutil.copytree(made, folder / made.name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(folder), str(port)]
    server = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": os.getcwd(), "GRADIO_TEMP_DIR": str(cache)}
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: server.poll() is not None or _answers(url), START_UP)
        assert server.poll() is None, "the page did not start"
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def connect(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def client(address: str) -> Client:
    return connect(address)


def wait_for(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def submit(client: Client, file: Path, sources: str = "digit,piano", steps: int = 60):
    return client.submit(
        audio=handle_file(file), sources=sources, preset="balanced", steps=steps, api_name="/separate"
    )


def test_only_the_documented_endpoints_are_public(client: Client) -> None:
    assert set(client.view_api(return_format="dict")["named_endpoints"]) - {"/runs_going"} == {
        "/separate",
        "/compare",
        "/stop",
        "/unmix",
    }


def test_a_search_streams_and_ends_with_its_archive(client: Client, tone_file: Path) -> None:
    job = submit(client, tone_file)
    progress, archive = job.result(timeout=PATIENCE)
    updates = [update for update, _ in job.outputs()]
    assert len(updates) >= 2
    assert [update["step"] for update in updates] == sorted(update["step"] for update in updates)
    assert updates[0]["step"] == 0
    assert (progress["status"], progress["step"]) == ("done", 60)
    assert set(TERMS) <= set(progress)
    with zipfile.ZipFile(archive) as packed:
        sounds = {"mixture.wav", "spoken-digits.wav", "piano.wav", "residual.wav", "raw/piano.wav"}
        assert sounds <= set(packed.namelist())


def test_a_long_stereo_recording_comes_back_whole(client: Client, long_file: Path) -> None:
    progress, archive = submit(client, long_file, steps=2).result(timeout=PATIENCE)
    assert progress["status"] == "done"
    given = soundfile.info(long_file)
    with zipfile.ZipFile(archive) as packed:
        for name in ("piano.wav", "residual.wav"):
            stem = soundfile.info(io.BytesIO(packed.read(name)))
            assert (stem.frames, stem.channels, stem.samplerate) == (given.frames, 2, given.samplerate)


def test_stop_ends_the_search_and_still_delivers(client: Client, tone_file: Path) -> None:
    job = submit(client, tone_file, steps=2000)
    wait_for(lambda: len(job.outputs()) > 1)
    client.predict(api_name="/stop")
    progress, archive = job.result(timeout=PATIENCE)
    assert progress["status"] == "stopped"
    assert 0 < progress["step"] < 2000
    assert zipfile.is_zipfile(archive)
    wait_for(lambda: client.predict(api_name="/runs_going") == 0)


def test_another_visitors_stop_does_nothing_to_this_run(address: str, tone_file: Path) -> None:
    mine, other = connect(address), connect(address)
    job = submit(mine, tone_file, steps=80)
    wait_for(lambda: len(job.outputs()) > 1)
    other.predict(api_name="/stop")
    progress, _ = job.result(timeout=PATIENCE)
    assert progress["status"] == "done"


def test_ten_visitors_each_get_their_own_run(address: str, tone_file: Path) -> None:
    steps = list(range(3, 13))
    clients = [connect(address) for _ in steps]
    with ThreadPoolExecutor(len(steps)) as pool:
        jobs = list(
            pool.map(
                lambda pair: submit(pair[0], tone_file, "drums", pair[1]), zip(clients, steps, strict=True)
            )
        )
    finished = [job.result(timeout=PATIENCE)[0] for job in jobs]
    assert [progress["steps"] for progress in finished] == steps
    assert all(progress["status"] == "done" for progress in finished)
    wait_for(lambda: clients[0].predict(api_name="/runs_going") == 0)


def test_a_cancelled_run_frees_the_machine_and_leaves_nothing(client: Client, tone_file: Path) -> None:
    job = submit(client, tone_file, steps=2000)
    wait_for(lambda: len(job.outputs()) > 1)
    job.cancel()
    wait_for(lambda: client.predict(api_name="/runs_going") == 0)


@pytest.mark.parametrize(
    ("content", "sources", "word"),
    [
        (b"this is a text, not a sound", "digit", "sound"),
        (b"", "digit", "empty"),
        ("silence", "digit", "silent"),
        ("tones", "", "at least one source"),
        ("tones", "digit,violin", "violin"),
        ("tones", "digit,digit,piano,piano,drums", "At most 4"),
    ],
)
def test_bad_input_is_refused_in_words(
    client: Client, tone_file: Path, tmp_path: Path, content: bytes | str, sources: str, word: str
) -> None:
    file = tmp_path / "renamed.wav"
    if content == "silence":
        audio.write_wav(file, torch.zeros(16_000))
    else:
        file.write_bytes(tone_file.read_bytes() if isinstance(content, str) else content)
    with pytest.raises(Exception, match=word) as refusal:
        submit(client, file, sources).result(timeout=PATIENCE)
    assert "Traceback" not in str(refusal.value)


def test_a_comparison_comes_back_as_files(client: Client, tone_file: Path) -> None:
    job = client.submit(audio=handle_file(tone_file), method="pca", sources=3, api_name="/compare")
    progress, files = job.result(timeout=PATIENCE)
    assert progress["status"] == "done"
    *_, answer = BASELINES["pca"].separate(audio.read(tone_file).samples[0], 3)
    heard = torch.stack([audio.read(file).samples[0] for file in files])
    torch.testing.assert_close(heard, answer.estimates, atol=1e-4, rtol=0)


def test_a_comparison_streams_is_stopped_by_its_own_visitor_alone_and_delivers(
    address: str, tone_file: Path
) -> None:
    mine, other = connect(address), connect(address)
    job = mine.submit(audio=handle_file(tone_file), method="dap", sources=2, api_name="/compare")
    wait_for(lambda: len(job.outputs()) > 1)
    other.predict(api_name="/stop")
    seen = len(job.outputs())
    wait_for(lambda: len(job.outputs()) > seen + 1)
    mine.predict(api_name="/stop")
    progress, files = job.result(timeout=PATIENCE)
    assert progress["status"] == "stopped"
    assert 0 < progress["step"] < progress["steps"]
    assert len(files) == 2
    wait_for(lambda: mine.predict(api_name="/runs_going") == 0)


def test_a_cancelled_comparison_frees_the_machine(client: Client, tone_file: Path) -> None:
    job = client.submit(audio=handle_file(tone_file), method="dap", sources=2, api_name="/compare")
    wait_for(lambda: len(job.outputs()) > 1)
    job.cancel()
    wait_for(lambda: client.predict(api_name="/runs_going") == 0)


def test_masks_are_compared_under_the_names_of_their_sources(client: Client, tone_file: Path) -> None:
    job = client.submit(
        audio=handle_file(tone_file), method="unmix", sources="drums, digit", api_name="/compare"
    )
    progress, files = job.result(timeout=PATIENCE)
    assert progress["status"] == "done"
    heard = torch.stack([audio.read(file).samples[0] for file in files])
    turned = client.predict(
        audio=handle_file(tone_file), method="unmix", sources="digit,drums", api_name="/compare"
    )
    back = torch.stack([audio.read(file).samples[0] for file in turned[1]])
    torch.testing.assert_close(heard, back.flip(0), atol=1e-4, rtol=0)
    assert not torch.allclose(heard[0], heard[1], atol=1e-3)


def test_a_search_of_its_own_networks_ends_by_itself(client: Client, tone_file: Path) -> None:
    """Deep Audio Prior to its end, with nobody stopping it."""
    job = client.submit(
        audio=handle_file(tone_file), method="dap", sources="digit,piano", api_name="/compare"
    )
    progress, files = job.result(timeout=2 * PATIENCE)
    assert (progress["status"], progress["step"]) == ("done", progress["steps"])
    assert len(files) == 2
    assert len(job.outputs()) > 3


@pytest.mark.parametrize(
    ("method", "sources", "word"),
    [
        ("wavenet", 2, "wavenet"),
        ("nmf", 9, "2 to 4"),
        ("nmf", "", "2 to 4"),
        ("unmix", 2, "Name them: drums,digit"),
        ("unmix", "digit,piano", "Name them: drums,digit"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_words(
    client: Client, tone_file: Path, method: str, sources: int | str, word: str
) -> None:
    with pytest.raises(Exception, match=word):
        client.predict(audio=handle_file(tone_file), method=method, sources=sources, api_name="/compare")


def unmix(client: Client, file: Path, chosen: str = "mnist", network: str = "unmix", blend: str = "average"):
    return client.predict(
        picture=handle_file(file), chosen=chosen, network=network, blend=blend, api_name="/unmix"
    )


def test_a_picture_is_unmixed_and_identical_calls_leave_nothing_behind(client: Client, cache: Path) -> None:
    mixture = PICTURES / "shoes-bags/mixture-2.png"
    told, *files = unmix(client, mixture, "shoes-bags")
    left = sorted(path for path in cache.rglob("*") if path.is_file())
    for _ in range(3):
        assert unmix(client, mixture, "shoes-bags")[0]["sources"] == ["shoes", "bags"]
    assert sorted(path for path in cache.rglob("*") if path.is_file()) == left
    assert (told["sources"], told["bright_background"]) == (["shoes", "bags"], True)
    first, second, mask = (np.asarray(Image.open(file)).astype(int) for file in files)
    # on white, an average of the two is the mean of their pixels
    np.testing.assert_allclose((first + second) / 2, np.asarray(Image.open(mixture)), atol=1.1)
    assert mask.shape == (64, 64, 3)
    assert unmix(client, PICTURES / "mnist/mixture-1.png")[0]["sources"] == ["digits 5-9", "digits 0-4"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chosen": "cats"}, "no set of pictures called cats"),
        ({"blend": "magic"}, "no way of mixing"),
        ({}, "is no picture that can be read"),
    ],
)
def test_pictures_are_refused_in_words(
    client: Client, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    file = PICTURES / "mnist/mixture-1.png" if changes else tmp_path / "words.png"
    if not changes:
        file.write_text("These are words.")
    with pytest.raises(Exception, match=words) as refusal:
        unmix(client, file, **changes)
    assert "Traceback" not in str(refusal.value)
