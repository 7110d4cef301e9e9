"""Checked by mypy, which has to see what is wrong here, and nothing else."""

import pgrant


def wrong(client: pgrant.Client) -> None:
    client.grant("b", too="x", duration=1)
    reveal_type(client.check())
