"""The endpoint `unmix`, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from bssdemo.separation.pictures.examples import FOLDER
from bssdemo.separation.pictures.sets import everything
from bssdemo.ui.pictures.endpoint import endpoint


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def client(tiny_masks: Path, cache: Path) -> Iterator[Client]:
    with gr.Blocks() as blocks:
        endpoint(everything(tiny_masks))
    _, address, _ = blocks.launch(prevent_thread_lock=True, quiet=True)
    yield Client(address, verbose=False)
    blocks.close()


def unmix(client: Client, file: Path, chosen: str = "mnist", network: str = "unmix", blend: str = "average"):
    return client.predict(
        picture=handle_file(file), chosen=chosen, network=network, blend=blend, api_name="/unmix"
    )


def test_a_picture_is_unmixed_and_identical_calls_leave_nothing_behind(client: Client, cache: Path) -> None:
    mixture = FOLDER / "shoes-bags/mixture-2.png"
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
    assert unmix(client, FOLDER / "mnist/mixture-1.png")[0]["sources"] == ["digits 5-9", "digits 0-4"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chosen": "cats"}, "no set of pictures called cats"),
        ({"blend": "magic"}, "no way of mixing"),
        ({"network": "glo"}, "GLO is not here"),
        ({}, "is no picture that can be read"),
    ],
)
def test_pictures_are_refused_in_words(
    client: Client, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    file = FOLDER / "mnist/mixture-1.png" if changes else tmp_path / "words.png"
    if not changes:
        file.write_text("These are words.")
    with pytest.raises(Exception, match=words) as refusal:
        unmix(client, file, **changes)
    assert "Traceback" not in str(refusal.value)
