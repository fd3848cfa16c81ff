"""What is logged, by us and by libraries, as `run` logs it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO

import structlog

from app import configure_logs


@contextmanager
def logs() -> Iterator[StringIO]:
    """The lines of JSON that are written while this lasts."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    with redirect_stderr(StringIO()) as kept:
        configure_logs()
        yield kept
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
