"""A recording that was just chosen: its picture, which part of it there is to take, and what is heard in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bssdemo.audio.overview import Overview, overview, peaks_of
from bssdemo.separation import Heard, Networks
from bssdemo.separation.guess import Confidence, unheard
from bssdemo.separation.heard import MOST_SECONDS
from bssdemo.ui.audio.layout import Controls
from bssdemo.ui.board.components import value_of
from bssdemo.ui.board.painter import waiting
from bssdemo.ui.cut.component import COLUMNS
from bssdemo.ui.cut.component import value_of as cut_of
from bssdemo.ui.notes import Updates, note

LISTENING = "Listening for what is in it …"


def looked_at(file: str, heard: Heard, ui: Controls) -> Updates:
    """The file's own spectrogram on the board, and the waveform to choose a part of it by."""
    whole: Overview | None = Overview(heard.seconds, peaks_of(heard.mono.abs().numpy(), COLUMNS))
    if heard.seconds > MOST_SECONDS - 1:  # there may be more of it
        whole = overview(file, COLUMNS) or whole
    assert whole is not None
    longer = whole.seconds > MOST_SECONDS + 0.5
    offer = (
        f"Only {MOST_SECONDS} s can be taken apart at once: choose them on its waveform." if longer else None
    )
    return {ui.board: on_board(heard), ui.cut: cut_of(whole), ui.message: note(offer, LISTENING)}


def on_board(heard: Heard) -> str:
    """The board's value for a recording that waits to be searched."""
    return value_of(waiting(heard))


def guessed(names: Sequence[str], networks: Networks) -> str:
    """What was ticked for the visitor, in one sentence."""
    if not names:
        return note("None of the known kinds of sound stands out. Tick what you hear.")
    return note(
        f"Heard and ticked for you: {listed([networks.label(name) for name in names])}. Correct what is wrong."
    )


def unheard_of(hearing: Mapping[str, Confidence], ticked: Sequence[str], networks: Networks) -> str | None:
    """What is ticked and not to be heard, in one sentence."""
    missing = [networks.label(name) for name in dict.fromkeys(unheard(hearing, ticked))]
    return f"Ticked, but not heard in this recording: {listed(missing)}." if missing else None


def listed(words: Sequence[str]) -> str:
    """ "speech, drums and piano"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
