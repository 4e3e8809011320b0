"""The same room for pictures: a mixture of two becomes a run, the run a result, whoever asks and whoever looks.

    chosen = everything().pick("mnist")                               # its networks and examples
    mixture = from_file(chosen, "mix.png", "average")                 # decoded once, at the network's size
    run = PictureRun(prepare(mixture, PictureRequest("rpca")))        # checked, in plain words
    for snapshot in run:                                              # draw it, or not
        ...
    write(run.result(), folder)                                       # pictures, mask

Every separator is one line of `methods.METHODS`, and `run.snapshots` is the one function that starts any of them.
"""
