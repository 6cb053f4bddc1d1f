"""A small tool of click and requests, which asks nobody anything."""

from __future__ import annotations

import sys

import click
import requests


@click.command()
@click.option("--of", default="oolong", help="what is asked for")
@click.option("--modules", is_flag=True)
def main(of: str, modules: bool) -> None:
    prepared = requests.Request("GET", "https://example.org/tea", params={"of": of}).prepare()
    click.echo(f"{requests.__version__} {prepared.method} {prepared.url}")
    if modules:
        click.echo(len(sys.modules))


if __name__ == "__main__":
    main()
