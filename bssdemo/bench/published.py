"""The published results: those in docs/results/data/ as Markdown, and the commands that made them.

A result that is missing or cannot be read is a sentence, not an error.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from shlex import quote

from bssdemo.bench import ablations
from bssdemo.bench.combinations import grouped
from bssdemo.bench.records import RecordError, Results, read
from bssdemo.bench.tables import render

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "results" / "data"
NOTHING = "There are no benchmark results in docs/results/data/ yet; `make bench DATA=folder` makes some."
PLAIN = (None, 0, "test", "balanced")  # values of settings that a command need not name


@lru_cache(maxsize=4)  # intervals take seconds; nobody changes the results while the page is served
def tables(folder: Path = FOLDER) -> str:
    """Every table of the results in `folder`, and the commands that made them, as Markdown."""
    found, problems = {}, []
    for file in sorted(folder.glob("*.json")):
        try:
            found[file.name] = read(file)
        except RecordError as error:
            problems.append(f"{str(error).replace(str(file), file.name)}.")
    if not found:
        return "\n\n".join(problems) or NOTHING
    try:
        groups = grouped(found.values())
        plain = [group for group in groups if not group.labels]
        labelled = [group for group in groups if group.labels]
        parts = [render(plain)] if plain else []
        parts += [ablations.render(labelled)] if labelled else []
    except RecordError as error:
        return f"The results cannot be shown together: {error}."
    commands = "\n".join(command(results, name) for name, results in found.items())
    return "\n\n".join([*parts, *problems, f"### The commands\n\n```\n{commands}\n```"])


def command(results: Results, name: str) -> str:
    """What to type for the results of the file `name`, as far as it tells."""
    words = ["python -m bssdemo bench audio --data $DATA", f"--sources {results.sources}"]
    words.append(f"--mixtures {max((len(record.values) for record in results.records), default=0)}")
    for option, value in results.settings.items():
        if option in ("without", "label"):  # may repeat
            words += [f"--{option} {quote(each)}" for each in value or ()]
        elif option == "seed" or (option != "sources" and value not in PLAIN):
            words.append(f"--{option.replace('_', '-')} {quote(str(value))}")
    methods = ",".join(dict.fromkeys(record.method for record in results.records))
    return " ".join([*words, f"--methods {methods} --json docs/results/data/{name}"])
