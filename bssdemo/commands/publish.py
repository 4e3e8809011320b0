"""`python -m bssdemo publish --owner NAME`: checkpoints to repositories of their own, and the page to a Space."""

from __future__ import annotations

import argparse

from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `publish`."""
    command.add_argument(
        "--owner", required=True, metavar="NAME", help="account or organisation on the Hub; its token is "
        "HF_TOKEN, or that of `hf auth login`",
    )  # fmt: skip
    command.add_argument(
        "--dry-run", action="store_true", help="verify every checkpoint and say what would be sent"
    )
    command.add_argument("--without-space", action="store_true", help="the checkpoints only")


def run(args: argparse.Namespace) -> int:
    """Send what is not there yet, a line each."""
    from huggingface_hub import HfApi, errors

    from bssdemo.checkpoints import hub, publish

    packed = publish.parcels(args.owner)
    if args.dry_run:
        for one in packed:
            print(f"{one.repository}@{one.revision}: {', '.join(one.files)}, {one.megabytes:.1f} MB")
        if not args.without_space:
            print(f"Space {args.owner}/{publish.SPACE}: the files of this folder")
        return DONE
    api = HfApi()
    try:
        for line in publish.send(packed, api):
            print(line, flush=True)
        if not args.without_space:
            print(publish.send_space(args.owner, hub.BUNDLED.parent, api))
    except (errors.HfHubHTTPError, errors.LocalTokenNotFoundError) as error:
        reason = str(error).strip().splitlines()[0]
        raise publish.PublishError(
            f"the Hub refused ({reason}); check the token, and run the same command again"
        ) from error
    return DONE
