"""The Space's entry: builds the page on the checkpoints at hand and serves it."""

from __future__ import annotations

import logging
import os
import signal
import threading

from bssdemo.machine.caches import use_writable_places

use_writable_places()  # before Gradio and numba are imported

from bssdemo.machine.threads import use_own_cores  # noqa: E402
from bssdemo.separation import networks  # noqa: E402
from bssdemo.separation.pictures import sets  # noqa: E402
from bssdemo.ui.networks import warm_up  # noqa: E402
from bssdemo.ui.page import launch_options, page  # noqa: E402
from bssdemo.ui.session import Turns, settle  # noqa: E402


def stop(*_: object) -> None:
    """SIGTERM, as a host ends a container: like Ctrl-C, so that temporary folders go."""
    raise KeyboardInterrupt


def main() -> None:
    """Load the networks, warm them up, serve on PORT or GRADIO_SERVER_PORT (7860 by default)."""
    signal.signal(signal.SIGTERM, stop)
    kept = settle()
    use_own_cores()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    loaded = networks.everything(wait=False)
    pace = warm_up(loaded)
    pictures = sets.warm_up(sets.everything(wait=False))
    port = int(os.environ.get("PORT") or os.environ.get("GRADIO_SERVER_PORT") or 7860)
    turns = Turns()
    threading.Thread(target=networks.arrive, args=(loaded,), daemon=True, name="hub").start()
    page(loaded, pictures, turns, pace).launch(server_port=port, **launch_options(turns))
    kept.remove()


if __name__ == "__main__":
    main()
