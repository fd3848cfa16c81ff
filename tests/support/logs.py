"""Capture of the JSON log lines of the application and of libraries, configured as by `run`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO

import structlog

from app import configure_logs


@contextmanager
def logs() -> Iterator[StringIO]:
    """Buffer with the log lines written within the context."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    with redirect_stderr(StringIO()) as kept:
        configure_logs()
        yield kept
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
