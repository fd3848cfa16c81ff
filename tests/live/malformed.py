"""Generates malformed input: messages that almost follow the protocol, and octets that are almost frames."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.live_tenant import OPPORTUNITIES_SUBSCRIPTION

VIEWER_QUERY = "{ viewer { id } }"
UNUSUAL_VALUES: tuple[object, ...] = (
    None, True, 0, -1, 1.5, 1e308, 2**63, 10**400, "", "\x00", "x" * 5000, "\u202e", "🜁", [], {}, [[]],
    {"a": {}}, [None], ["ping"], {"type": "ping"}, "__proto__", "ses_1", "null", "constructor",
)  # fmt: skip
KEYS = (
    "type",
    "id",
    "payload",
    "query",
    "variables",
    "operationName",
    "extensions",
    "",
    "TYPE",
    "\x00",
)
VALID_MESSAGES: tuple[dict[str, object], ...] = (
    {"type": "ping"},
    {"type": "pong", "payload": {}},
    {"type": "complete", "id": "1"},
    {"type": "connection_init", "payload": {"authorization": "Bearer x"}},
    {"type": "subscribe", "id": "1", "payload": {"query": VIEWER_QUERY}},
    {
        "type": "subscribe",
        "id": "2",
        "payload": {"query": OPPORTUNITIES_SUBSCRIPTION, "variables": {"after": "x"}},
    },
    {"type": "next", "id": "1", "payload": {"data": None}},
    {"type": "error", "id": "1", "payload": []},
    {"type": "connection_ack"},
)
STATM = Path("/proc/self/statm")
TEXT, BINARY, CLOSE, PING, PONG, CONTINUED = 1, 2, 8, 9, 10, 0
FIN, MASKED = 0x80, 0x80


def frame(
    opcode: int, body: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0
) -> bytes:
    """A client frame; it is well-formed only if the arguments are."""
    head = bytes([(FIN if fin else 0) | reserved << 4 | opcode])
    mask = MASKED if masked else 0
    if len(body) < 126:
        head += bytes([mask | len(body)])
    elif len(body) < 2**16:
        head += bytes([mask | 126]) + len(body).to_bytes(2, "big")
    else:
        head += bytes([mask | 127]) + len(body).to_bytes(8, "big")
    return head + (bytes(4) if masked else b"") + body  # a mask of zeros changes nothing


@dataclass(frozen=True)
class Case:
    """The octets to send, one item per write, and the kind of malformation."""

    kind: str
    octets: Sequence[bytes]
    framed: bool = True
    """Whether the octets are complete frames, so that another frame may follow."""

    def may_end(self, messages: set[int], frames: set[int]) -> set[int]:
        """The close codes that are allowed after this case."""
        if self.kind in ("broken frame", "rubbish"):
            # The server echoes a close frame, and cannot answer an incomplete frame.
            return messages | frames | {1000, 1005, 1006}
        return (
            messages | {1007}
            if self.kind in ("mangled", "mangled in pieces", "no UTF-8")
            else messages
        )


def _mutated(rng: random.Random, message: dict[str, object], depth: int = 0) -> dict[str, object]:
    mutated = dict(message)
    for _ in range(rng.randint(1, 2)):
        key = rng.choice([*mutated, rng.choice(KEYS)])
        inside = mutated.get(key)
        if isinstance(inside, dict) and depth < 3 and rng.random() < 0.6:
            mutated[key] = _mutated(rng, inside, depth + 1)
        elif rng.random() < 0.25:
            mutated.pop(key, None)
        else:
            mutated[key] = rng.choice(UNUSUAL_VALUES)
    return mutated


def _message(rng: random.Random) -> bytes:
    return json.dumps(_mutated(rng, rng.choice(VALID_MESSAGES))).encode()


def _mangled(rng: random.Random) -> bytes:
    """JSON with some octets changed, removed, repeated or cut off; it usually remains valid UTF-8."""
    text = bytearray(_message(rng)[:4000])
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        edit = rng.randrange(4)
        if edit == 0:
            text[at:at] = rng.choice(
                (b"{", b"[", b'"', b"\\", b"\\ud800", b",", b":", b"\x00", b"NaN", b"\xff")
            )
        elif edit == 1:
            del text[at : at + rng.randint(1, 5)]
        elif edit == 2:
            text[at:at] = text[at : at + 20]
        else:
            del text[at:]
    return bytes(text)


def _deep(rng: random.Random) -> bytes:
    depth = rng.choice((70, 1_000, 20_000))
    left, right = rng.choice((("[", "]"), ('{"a":', "}")))
    body = left * depth + "1" + right * depth
    if len(body) > 60_000:
        body = body[:60_000]
    text = f'{{"type":"subscribe","id":"1","payload":{{"query":"{VIEWER_QUERY}","variables":{{"a":{body}}}}}}}'
    return text.encode()


def _pieces(rng: random.Random, body: bytes, opcode: int = TEXT) -> list[bytes]:
    """A message in frames, some of them empty, with pings in between."""
    cuts = sorted(rng.randrange(len(body) + 1) for _ in range(rng.randint(1, 6)))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    frames = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        frames.append(frame(opcode if not number else CONTINUED, part, fin=last))
        if not last and rng.random() < 0.3:
            frames.append(frame(PING, b"between"))
    return frames


def _broken_frame(rng: random.Random) -> bytes:
    """A frame that RFC 6455 forbids."""
    body = _message(rng)[:2000]
    return rng.choice(
        (
            frame(TEXT, body, masked=False),
            frame(TEXT, body, reserved=rng.randint(1, 7)),
            frame(rng.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), body),
            frame(CONTINUED, body),
            frame(PING, bytes(126)),
            frame(PING, b"", fin=False),
            frame(TEXT, b"a", fin=False) + frame(TEXT, body),
            frame(CLOSE, b"\x03"),
            frame(
                CLOSE, rng.choice((0, 999, 1004, 1005, 1006, 1015, 2999, 65535)).to_bytes(2, "big")
            ),
            frame(CLOSE, b"\x03\xe8\xff\xfe"),
            b"\x81\xff" + (2 ** rng.choice((17, 32, 62, 63))).to_bytes(8, "big") + bytes(4),
        )
    )


def _rubbish(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randint(1, 400))


Draw = Callable[[random.Random], Case]
DRAWS: tuple[Draw, ...] = (
    lambda rng: Case("mutated", [frame(TEXT, _message(rng))]),
    lambda rng: Case("mangled", [frame(TEXT, _mangled(rng))]),
    lambda rng: Case("mangled in pieces", _pieces(rng, _mangled(rng))),
    lambda rng: Case("binary", [frame(BINARY, rng.choice((_message, _rubbish))(rng))]),
    lambda rng: Case("deep", [frame(TEXT, _deep(rng))]),
    lambda rng: Case("no UTF-8", [frame(TEXT, _rubbish(rng) + b"\xff")]),
    lambda rng: Case("large", [frame(TEXT, b" " * (65_537 + rng.randrange(100_000)))]),
    lambda rng: Case("broken frame", [_broken_frame(rng)]),
    lambda rng: Case("rubbish", [_rubbish(rng)], framed=False),
    lambda rng: Case("several", [frame(TEXT, _message(rng)) for _ in range(rng.randint(2, 9))]),
)
WEIGHTS = (30, 20, 8, 5, 3, 4, 2, 12, 6, 10)


def draw_cases(seed: int, count: int) -> list[Case]:
    """Random cases, the same for the same seed."""
    rng = random.Random(seed)
    return [rng.choices(DRAWS, WEIGHTS)[0](rng) for _ in range(count)]


def resident_bytes() -> int:
    """Resident memory of this process in bytes; 0 where /proc is missing."""
    if not STATM.exists():
        return 0
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
