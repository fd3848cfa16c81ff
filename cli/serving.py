"""The commands that serve the API and build GraphiQL."""

import asyncio
import signal
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Data, load_settings, print_err

if TYPE_CHECKING:
    from settings import Settings

cli = typer.Typer()


@cli.command()
def run(
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    data: Data = None,
) -> None:
    """Serve the API. Also starts Postgres and Valkey, unless DATABASE_URL and REDIS_URL are set."""
    import uvloop

    from cli.servers.embedded import CannotStart
    from schema.engine.manifests import ManifestError

    settings = load_settings(port=port, data=data)
    try:
        _check_port(settings.host, settings.port)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(settings))
    except asyncio.CancelledError:
        print_err("Stopped.")
    except (CannotStart, ManifestError) as error:
        print_err(f"Relata cannot start. {error}")
        raise typer.Exit(1) from None
    else:
        print_err("The server stopped unexpectedly; the messages above give the reason.")
        raise typer.Exit(1)


@cli.command()
def web() -> None:
    """Build GraphiQL. Otherwise `run` builds it at its first start."""
    from web.build import CannotBuild, build

    try:
        print(build(print_err))
    except CannotBuild as error:
        print_err(f"GraphiQL cannot be built. {error}")
        raise typer.Exit(1) from None


async def _run(settings: "Settings") -> None:
    import app
    from cli.servers.embedded import embedded

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has one

    def stop(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(task.cancel)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    await _check_external(settings)
    async with embedded(
        settings.data,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        progress=print_err,
    ) as servers:
        await app.serve(settings, servers.database_url, servers.redis_url)


async def _check_external(settings: "Settings") -> None:
    """Refuse a Postgres that cannot be used. Without Redis the server works, so that is a warning only."""
    from cli.servers.external import check_database, redis_problem

    if settings.database_url is not None:
        await check_database(settings.database_url)
    if settings.redis_url is not None and (problem := await redis_problem(settings.redis_url)):
        print_err(
            f"Warning: {problem} Until then, each process limits sign-in attempts by its own counts."
        )


def _check_port(host: str, port: int) -> None:
    """Raise CannotStart if the port is in use."""
    from cli.servers.embedded import CannotStart

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"Cannot listen on {host}, port {port} ({error.strerror}). Give another --port, "
                "or stop the process that listens there."
            ) from None
