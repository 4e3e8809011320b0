"""The served page through gradio_client: it streams, stops and still delivers, refuses bad input."""

from __future__ import annotations

import io
import json
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
import pytest
import soundfile
import torch
from gradio_client import Client, handle_file

from bssdemo import audio
from bssdemo.search.objective import TERMS
from bssdemo.separation import Networks, Setup, read, snapshots
from tests.docs.pages import ROOT, blocks

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


PUBLIC = {"separate", "compare", "unmix"}


def test_only_the_documented_endpoints_are_public(address: str, client: Client) -> None:
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert set(named) - {"/runs_going"} == {f"/{name}" for name in PUBLIC}
    tools = httpx.get(f"{address}gradio_api/mcp/schema", timeout=PATIENCE).json()
    assert {tool["name"] for tool in tools} - {"runs_going"} == PUBLIC
    for tool in tools:
        for name, told in tool["inputSchema"]["properties"].items():
            assert told.get("description"), f"{tool['name']} does not tell its {name}"


SNIPPETS = list(blocks(ROOT / "docs" / "guide" / "programs.md", "python"))


@pytest.mark.parametrize("text", [pytest.param(text, id=f"line {line}") for line, text in SNIPPETS])
def test_what_the_guide_shows_a_program_runs(
    address: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands but for the address and the steps; it prints what it got."""
    exec(text.replace("http://127.0.0.1:7860/", address), {"__name__": "guide"})
    assert capsys.readouterr().out.strip()


def test_a_program_may_ask_all_that_the_page_takes(client: Client, tone_file: Path) -> None:
    progress, archive = client.predict(
        handle_file(tone_file), "digit,piano", "balanced", steps=4, seed=3, start="encoder", learning_rate=0.1,
        starts=2, spectral=1.5, dissociation=0, coherence=0.3, frequency=0.4, pull=0.5, api_name="/separate",
    )  # fmt: skip
    assert progress["sources"] == ["digit", "piano"]
    assert any("no encoder" in note for note in progress["notes"])
    with zipfile.ZipFile(archive) as packed:
        settings = json.loads(packed.read("report.json"))["settings"]
    search = settings["search"]
    assert (settings["seed"], search["starts"], search["learning_rate"]) == (3, 2, 0.1)
    assert (search["start"], search["steps"]) == ("encoder", 4)
    weights = settings["weights_at_end"]
    assert [weights[name] for name in TERMS] == [1.5, 0.0, 0.3, 0.4]


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
        sounds = {"mixture.wav", "digit.wav", "piano.wav", "residual.wav", "raw/piano.wav", "report.json"}
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
    clients = [
        Client(address, verbose=False, headers={"x-forwarded-for": f"10.0.0.{number}"}) for number in steps
    ]
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
    *_, answer = snapshots(read(tone_file).mono, "pca", Setup(("component",) * 3, Networks()))
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


def test_what_is_no_number_of_steps_is_refused_in_words(client: Client, tone_file: Path) -> None:
    for steps in (0, 0.4):
        with pytest.raises(Exception, match="The number of steps must lie between 1 and 2000"):
            submit(client, tone_file, steps=steps).result(timeout=PATIENCE)


def test_one_address_has_so_many_runs_and_another_is_served(address: str, tone_file: Path) -> None:
    """Four of one address may go and wait; a fifth is told so, and a picture or Stop is not shut out."""
    mine = [Client(address, verbose=False, headers={"x-forwarded-for": "10.9.9.9"}) for _ in range(5)]
    jobs = [submit(one, tone_file, steps=2000) for one in mine[:4]]
    wait_for(lambda: mine[4].predict(api_name="/runs_going") >= 4)
    with pytest.raises(Exception, match="You have 4 runs going or waiting here already"):
        submit(mine[4], tone_file, steps=5).result(timeout=PATIENCE)
    for one, job in zip(mine, jobs, strict=False):
        one.predict(api_name="/stop")
        job.result(timeout=PATIENCE)


def test_a_run_that_nobody_fetches_ends_within_ten_seconds(
    address: str, client: Client, tone_file: Path
) -> None:
    """Asked for over plain HTTP, its answer never opened."""
    with tone_file.open("rb") as file:
        (path,) = httpx.post(f"{address}gradio_api/upload", files={"files": file}, timeout=60).json()
    told = {"path": path, "meta": {"_type": "gradio.FileData"}}
    asked = {"data": [told, "digit,piano", "balanced", 2000, *[None] * 9]}
    assert httpx.post(f"{address}gradio_api/call/separate", json=asked, timeout=60).status_code == 200
    wait_for(lambda: client.predict(api_name="/runs_going") == 1)
    began = time.monotonic()
    wait_for(lambda: client.predict(api_name="/runs_going") == 0)
    assert time.monotonic() - began < 10
