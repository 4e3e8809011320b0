"""The room in which a request becomes a run and a run becomes a result, whoever asks and whoever looks.

    heard = read("mix.wav")                                       # decoded once
    job = prepare(heard, Request(("digit", "piano")), networks)   # checked, in plain words
    run = Run(job)
    for snapshot in run:                                          # draw it, or not
        ...
    write(run.result(), folder)                                   # the same files for everybody

Every separator, ours or a baseline, is one line of `methods.METHODS`, and `run.snapshots` is the one
function that starts any of them.
"""

from __future__ import annotations

from bssdemo.separation.files import write
from bssdemo.separation.heard import Heard, read
from bssdemo.separation.methods import METHODS, Controls, Method, Setup
from bssdemo.separation.networks import Networks, priors_of, unmixer_of
from bssdemo.separation.request import Job, Request, prepare
from bssdemo.separation.result import Result, report
from bssdemo.separation.run import Run, snapshots

__all__ = [
    "METHODS",
    "Controls",
    "Heard",
    "Job",
    "Method",
    "Networks",
    "Request",
    "Result",
    "Run",
    "Setup",
    "prepare",
    "priors_of",
    "read",
    "report",
    "snapshots",
    "unmixer_of",
    "write",
]
