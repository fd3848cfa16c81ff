"""The command that runs the benchmarks."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, print_err

if TYPE_CHECKING:
    from bench.measure import RunSettings

cli = typer.Typer()


@cli.command()
def bench(
    what: Annotated[str, typer.Argument(help="`reads`, `writes` or `live`.")] = "reads",
    quick: Annotated[
        bool, typer.Option("--quick", help="10,000 opportunities, one run of 2 s.")
    ] = False,
    size: Annotated[
        list[int] | None, typer.Option(help="Number of opportunities; may be given several times.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only these cases, such as Q1,Q2 or W1.")] = "",
    against: Annotated[
        str, typer.Option(help="Only these contenders of reads, such as limit,bare.")
    ] = "",
    seconds: Annotated[float | None, typer.Option(help="Seconds per run.")] = None,
    runs: Annotated[int | None, typer.Option(help="Runs per case.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write the report to this file too.")] = None,
    data: Data = None,
) -> None:
    """Run a benchmark. Compares reads, writes or live lists with other implementations."""
    from bench.contenders.contender import Failed
    from bench.measure import RunSettings
    from cli.servers.embedded import CannotStart

    names, rivals = ([name for name in each.split(",") if name] for each in (only, against))
    default_runs, default_seconds = {"writes": (5, 3), "live": (3, 0)}.get(what, (3, 10))
    plan = (
        RunSettings(1, 2)
        if quick
        else RunSettings(runs or default_runs, seconds or default_seconds)
    )
    try:
        report = asyncio.run(_bench(what, quick, size or [], names, rivals, plan, data))
    except (CannotStart, Failed) as error:
        print_err(str(error))
        raise typer.Exit(1) from None
    if write:
        write.write_text(report)
    sys.stdout.write(report)


@cli.command()
def figures(
    write: Annotated[bool, typer.Option("--write", help="Write them into README.md.")] = False,
) -> None:
    """Print the figures of the README from bench/RESULTS.md, or write them."""
    from bench import figures as block

    if write:
        block.write()
        print_err("wrote README.md")
    else:
        sys.stdout.write(block.figures(block.RESULTS.read_text()))


async def _bench(
    what: str,
    quick: bool,
    size: list[int],
    names: list[str],
    rivals: list[str],
    plan: "RunSettings",
    data: Path | None,
) -> str:
    from bench.contenders.contender import Failed
    from bench.live.run import BRIEF, LiveRunSettings, bench_live
    from bench.run import SIZES, ReadsRequest
    from bench.run import bench as bench_reads
    from bench.writes.run import SIZE, WritesRequest, bench_writes

    if what == "reads":
        sizes = sorted(
            size or (SIZES[:1] if quick else SIZES)
        )  # ascending: rows are added, never removed
        return await bench_reads(ReadsRequest(sizes, names, rivals, plan, data), print_err)
    if what == "writes":
        return await bench_writes(WritesRequest(max(size or [SIZE]), names, plan, data), print_err)
    if what == "live":
        live = BRIEF if quick else LiveRunSettings(runs=plan.runs)
        return await bench_live(live, max(size or [SIZE]), data, print_err)
    raise Failed(f"Unknown benchmark {what}. The benchmarks are reads, writes and live.")
