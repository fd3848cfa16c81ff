"""Serves Relata as `run` does, but without the per-minute budget of tenants."""

from __future__ import annotations

import asyncio
import gc

import uvicorn
import uvloop

import app
from settings import Settings, secret

UNMETERED = 10**12


async def main() -> None:
    """Serve until a signal arrives, with the servers in DATABASE_URL and REDIS_URL."""
    settings = Settings()
    if settings.database_url is None or settings.redis_url is None:
        raise SystemExit("The measured server needs DATABASE_URL and REDIS_URL.")
    app.configure_logs()
    key = secret(settings)
    urls = (settings.database_url, settings.redis_url)
    await app.prepare_database(settings, urls[0], key)
    async with app.open_endpoint(*urls, key, per_minute=UNMETERED) as endpoint:
        gc.freeze()  # as app.serve does
        served = app.application(endpoint, settings.allowed_origins)
        config = app.uvicorn_config(served, settings.host, settings.port)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
