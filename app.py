"""The Space's entry: builds the page on the checkpoints at hand and serves it."""

from __future__ import annotations

import os

from bssdemo.threads import use_own_cores
from bssdemo.ui.page import launch_options, page
from bssdemo.ui.pictures import shelf as pictures
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import stock, warm_up


def main() -> None:
    """Load the networks, warm them up, serve on PORT or GRADIO_SERVER_PORT (7860 by default)."""
    use_own_cores()
    shelf = warm_up(stock())
    networks = pictures.warm_up(pictures.stock())
    port = int(os.environ.get("PORT") or os.environ.get("GRADIO_SERVER_PORT") or 7860)
    page(shelf, networks, Sessions()).launch(server_port=port, **launch_options())


if __name__ == "__main__":
    main()
