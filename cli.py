"""The command line, `python3 dev <command>`; what a command needs is imported when it is called."""

import ast
import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import asyncpg

    from bench.measure import Plan
    from db.engine.local.directory import Servers
    from settings import Settings

    Admin = asyncpg.Connection[Any]

ROOT = Path(__file__).resolve().parent
SDL = ROOT / "schema" / "schema.graphql"
LAYERS = ("schema", "subscriptions", "resolvers", "auth", "tenancy", "db", "domain")

commands = typer.Typer(
    help="Relata: a GraphQL backend for customer relationship management, for many tenants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
tenant = typer.Typer(
    help="Make tenants, list them, and bring them up to date.", no_args_is_help=True
)
commands.add_typer(tenant, name="tenant")
Data = Annotated[Path | None, typer.Option(help="The directory of the servers' data.")]


def tell(news: str) -> None:
    """Progress is for people, so it goes to stderr; stdout is for answers."""
    print(news, file=sys.stderr, flush=True)


def configured(**given: Any) -> "Settings":
    """The settings: the options that were given, else the environment, else the defaults."""
    from pydantic import ValidationError

    from settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            name = name if name.isupper() else f"RELATA_{name.upper()}"
            tell(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(1) from None


@commands.command()
def run(
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    data: Annotated[Path | None, typer.Option(help="The directory of the servers' data.")] = None,
) -> None:
    """Serve the API, with servers of our own where no URL names others."""
    import uvloop

    from db.engine.local.embedded import CannotStart

    settings = configured(port=port, data=data)
    try:
        _free(settings.host, settings.port)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(settings))
    except asyncio.CancelledError:
        tell("stopped")
    except CannotStart as error:
        tell(f"Relata cannot start. {error}")
        raise typer.Exit(1) from None
    else:
        tell("The service ended by itself; what it said above tells why.")
        raise typer.Exit(1)


async def _run(settings: "Settings") -> None:
    import app
    from db.engine.local.embedded import embedded

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has one

    def stop(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(task.cancel)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    async with embedded(
        settings.data,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        tell=tell,
    ) as servers:
        await app.serve(settings, servers.database_url, servers.redis_url)


def _free(host: str, port: int) -> None:
    """Say that the port is taken before anything is started."""
    from db.engine.local.embedded import CannotStart

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"It cannot listen on {host}, port {port} ({error.strerror}): give another --port, "
                "or stop what listens there."
            ) from None


UNTOUCHED = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
}


@commands.command(context_settings=UNTOUCHED)
def test(context: typer.Context) -> None:
    """Run the checks and all tests; with arguments, pytest with those."""
    pytest = [sys.executable, "-m", "pytest", *context.args]
    if context.args:
        os.execv(sys.executable, pytest)  # noqa: S606
    failed = [_checks(), subprocess.call(pytest, cwd=ROOT)]
    raise typer.Exit(max(failed))


@commands.command()
def check() -> None:
    """Check what is known without tests: types, contracts, format, sizes."""
    raise typer.Exit(_checks())


def _checks() -> int:
    return subprocess.call([sys.executable, str(ROOT / "tests" / "house" / "checks.py")], cwd=ROOT)


@commands.command()
def room(name: Annotated[str, typer.Argument(help="An area, such as sales.")]) -> None:
    """List where an area lives: its file in every layer, with its purpose."""
    found = [(layer, file) for layer in LAYERS if (file := _room(layer, name))]
    if not found:
        rooms = {file.stem for layer in LAYERS for file in (ROOT / layer).glob("[!_]*.py")}
        tell(f"No layer has a room {name}. There are: {', '.join(sorted(rooms)) or 'none yet'}.")
        raise typer.Exit(1)
    width = max(len(str(file.relative_to(ROOT))) for _, file in found)
    for _, file in found:
        text = ast.get_docstring(ast.parse(file.read_text())) or "(it does not say)"
        sentence = " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
        print(f"{file.relative_to(ROOT)!s:{width}}  {sentence}.")


def _room(layer: str, name: str) -> Path | None:
    choices = (ROOT / layer / f"{name}.py", ROOT / layer / name / "__init__.py")
    return next((file for file in choices if file.exists()), None)


@commands.command()
def sdl(
    write: Annotated[bool, typer.Option("--write", help="Write schema/schema.graphql.")] = False,
) -> None:
    """Print the GraphQL contract that the code speaks, or write it down."""
    from schema.api import print_sdl

    text = print_sdl()
    if write:
        SDL.write_text(text)
        tell(f"wrote {SDL.relative_to(ROOT)}")
    else:
        sys.stdout.write(text)


@asynccontextmanager
async def _servers(settings: "Settings") -> AsyncIterator["Servers"]:
    """Those of a server that runs on the data directory, else our own for as long as it takes."""
    from db.engine.local.directory import running
    from db.engine.local.embedded import embedded

    found = await running(settings.data) if settings.database_url is None else None
    if found is not None:
        yield found
        return
    database, redis = settings.database_url, settings.redis_url
    async with embedded(
        settings.data, database_url=database, redis_url=redis, tell=tell
    ) as started:
        yield started


def _with_admin(data: Path | None, work: Callable[["Admin"], Awaitable[None]]) -> None:
    """Do something as the operator of the database; what cannot be done is told in a sentence."""
    from db.engine.local.embedded import CannotStart
    from settings import secret
    from tenancy.engine.migrate import administrator, bring_up_to_date
    from tenancy.engine.provision import TenantError

    async def go() -> None:
        settings = configured(data=data)
        async with _servers(settings) as servers, administrator(servers.database_url) as admin:
            await bring_up_to_date(admin, secret(settings), tell)
            await work(admin)

    try:
        asyncio.run(go())
    except (CannotStart, TenantError) as error:
        tell(str(error))
        raise typer.Exit(1) from None


@tenant.command("create")
def create_tenant(
    slug: Annotated[str, typer.Argument(help="Its short name, which people type to sign in.")],
    email: Annotated[
        str, typer.Option("--admin", help="The first administrator's e-mail address.")
    ],
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    data: Data = None,
) -> None:
    """Make a tenant with its first administrator, whose password is printed once."""
    import secrets

    from uuid_utils.compat import uuid7

    from auth.engine.passwords import Passwords
    from db.sessions import fold
    from tenancy.engine.provision import create
    from tenancy.starter import begin

    async def work(admin: "Admin") -> None:
        password, passwords = secrets.token_urlsafe(15), Passwords()
        try:
            hashed = await passwords.hash(password)
        finally:
            passwords.close()
        async with admin.transaction():
            made = await create(admin, slug, name or slug)
            await begin(admin, made, fold(email), hashed, uuid7)
        print(f"{made.slug}  {made.id}  {made.placement.schema}")
        print(f"{email} signs in with the password {password}")

    _with_admin(data, work)


@tenant.command("list")
def list_tenants(data: Data = None) -> None:
    """List the tenants, with the revision of each."""
    from tenancy.engine.provision import tenants

    async def work(admin: "Admin") -> None:
        for each, revision in await tenants(admin):
            print(
                f"{each.slug:20}  {each.state:9}  {revision:6}  {each.placement.schema}  {each.name}"
            )

    _with_admin(data, work)


@tenant.command("migrate")
def migrate_tenants(data: Data = None) -> None:
    """Bring the catalog and every tenant to the newest revision."""

    async def work(admin: "Admin") -> None:
        tell("every tenant is at the newest revision")

    _with_admin(data, work)


@commands.command()
def migration(
    message: Annotated[str, typer.Argument(help="What it does, in a few words.")],
) -> None:
    """Write the next migration of the tenants, from what is declared and not yet migrated."""
    from db.api import METADATA
    from db.engine.local.embedded import embedded
    from tenancy.engine.author import write
    from tenancy.engine.migrate import administrator, bring_up_to_date

    async def go() -> Path:
        with tempfile.TemporaryDirectory(prefix="relata-") as scratch:
            async with embedded(Path(scratch), durable=False, redis_url="unix:///none") as servers:
                async with administrator(servers.database_url) as admin:
                    await bring_up_to_date(admin, bytes(32), tell)
                return await write(servers.database_url, METADATA, message)

    print(asyncio.run(go()).relative_to(ROOT))


@commands.command()
def sql(
    query: Annotated[str, typer.Argument(help="A GraphQL query, or a subscription.")],
    as_: Annotated[
        str, typer.Option("--as", help="Whose rights it is planned with.")
    ] = "admin@acme.example",
    variables: Annotated[str, typer.Option(help="Its variables, as JSON.")] = "{}",
    data: Data = None,
) -> None:
    """Print how a query is read: its SQL, its parameters, what is denied, and Postgres' plan."""
    from schema.explain import explain
    from settings import secret

    async def go() -> str:
        settings = configured(data=data)
        async with _servers(settings) as servers:
            import app

            await app.prepare(settings, servers.database_url, secret(settings))
            urls = (servers.database_url, servers.redis_url, secret(settings))
            async with app.built(*urls) as endpoint:
                return await explain(endpoint, query, as_, variables)

    try:
        print(asyncio.run(go()))
    except LookupError as error:
        tell(str(error))
        raise typer.Exit(1) from None


@commands.command()
def bench(
    what: Annotated[str, typer.Argument(help="`reads`, `writes` or `live`.")] = "reads",
    quick: Annotated[bool, typer.Option("--quick", help="10,000 only, one run of 2 s.")] = False,
    size: Annotated[list[int] | None, typer.Option(help="How many opportunities.")] = None,
    only: Annotated[str, typer.Option(help="Which of them, such as Q1,Q2 or W1.")] = "",
    against: Annotated[str, typer.Option(help="Which rivals of reads, such as limit,bare.")] = "",
    seconds: Annotated[float | None, typer.Option(help="How long a run takes.")] = None,
    runs: Annotated[int | None, typer.Option(help="How many runs are made of each.")] = None,
    write: Annotated[Path | None, typer.Option(help="A file to write the report to.")] = None,
    data: Data = None,
) -> None:
    """Measure reads, writes or live lists beside others who do the same, and print how we compare."""
    from bench.contenders.contender import Failed
    from bench.measure import Plan
    from db.engine.local.embedded import CannotStart

    names, rivals = ([name for name in each.split(",") if name] for each in (only, against))
    usual = {"writes": (5, 3), "live": (3, 0)}.get(what, (3, 10))
    plan = Plan(1, 2) if quick else Plan(runs or usual[0], seconds or usual[1])
    try:
        report = asyncio.run(_bench(what, quick, size or [], names, rivals, plan, data))
    except (CannotStart, Failed) as error:
        tell(str(error))
        raise typer.Exit(1) from None
    if write:
        write.write_text(report)
    sys.stdout.write(report)


async def _bench(
    what: str,
    quick: bool,
    size: list[int],
    names: list[str],
    rivals: list[str],
    plan: "Plan",
    data: Path | None,
) -> str:
    from bench.contenders.contender import Failed
    from bench.live.run import BRIEF, LivePlan, bench_live
    from bench.run import SIZES, Wanted
    from bench.run import bench as bench_reads
    from bench.writes.run import SIZE, WantedWrites, bench_writes

    if what == "reads":
        sizes = sorted(size or (SIZES[:1] if quick else SIZES))  # rows are never taken away
        return await bench_reads(Wanted(sizes, names, rivals, plan, data), tell)
    if what == "writes":
        return await bench_writes(WantedWrites(max(size or [SIZE]), names, plan, data), tell)
    if what == "live":
        live = BRIEF if quick else LivePlan(runs=plan.runs)
        return await bench_live(live, max(size or [SIZE]), data, tell)
    raise Failed(f"There is no {what} to measure; there are reads, writes and live.")


def main() -> None:
    """Also hear `relata tenant list`, as the installed command is called in the documentation."""
    words = sys.argv[1:]
    if words[:1] == ["relata"]:
        del words[0]
    commands(words, prog_name="relata")


if __name__ == "__main__":
    main()
