"""The command that counts the features that tests cover, and writes docs/status.md."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated

import typer

from cli.common import ROOT, print_err
from cli.feature_list import LIST, FeatureRow, covering_files, matching, parse_features
from cli.status import PAGE, page

cli = typer.Typer()


@cli.command()
def features(
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="[AREA]", help="The beginning of an area or id, such as VN or EP-12."
        ),
    ] = "",
    missing: Annotated[
        bool, typer.Option("--missing", help="List the features that no test covers.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/status.md: what exists and what is planned.")
    ] = False,
) -> None:
    """Count the features that tests cover. With --write, update docs/status.md."""
    if write:
        PAGE.write_text(page())
        print_err(f"Wrote {PAGE.relative_to(ROOT)}")
        return
    selected = matching(parse_features(LIST.read_text()), prefix)
    if not selected:
        print_err(f"No area and no id in {LIST.relative_to(ROOT)} begins with {prefix}.")
        raise typer.Exit(1)
    files = covering_files(ROOT / "tests")
    areas: dict[str, list[FeatureRow]] = defaultdict(list)
    for each in selected:
        areas[each.area].append(each)
    width = max(len("all of them"), *map(len, areas))
    for area, of_area in areas.items():
        print(_count(area, of_area, files, width))
        for each in of_area:
            if missing and each.id not in files:
                print(f"    {each.id:8} {each.sentence}")
    print(_count("all of them", selected, files, width))


def _count(name: str, some: list[FeatureRow], files: Mapping[str, set[str]], width: int) -> str:
    done = sum(each.id in files for each in some)
    return f"{name:{width}}  {done:3} of {len(some):3}"
