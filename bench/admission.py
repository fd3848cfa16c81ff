"""Prints the worst CPU time that admission takes for each hostile document (F4: under 50 ms)."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Mapping

from schema.admission import Admitted, DocumentRejected, Documents, Limits
from tests.admission.hostile import largest
from tests.admission.world import world

ROUNDS = 15
_TYPICAL = """
query Typical($first: Int = 20, $filter: Filter) {
  people(first: $first, filter: $filter) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { cursor node { __typename
      ... on Cat { id name size lives at tags owner { id name boss { id name } }
        toys(first: 5) { nodes { id name pet { id name at } } } }
      ... on Dog { id name size2: size lives2: lives at2: at tags2: tags owner { id name }
        toys(first: 5) { totalCount nodes { id name } } } } }
  }
  person { id name pets { totalCount nodes { __typename } } }
}
"""


def _milliseconds(documents: Documents, text: str) -> tuple[float, str]:
    start = time.process_time_ns()
    try:
        documents.get(text)
        verdict = "admitted"
    except DocumentRejected as refused:
        verdict = f"{refused.errors[0].code} x{len(refused.errors)}"
    return (time.process_time_ns() - start) / 1e6, verdict


def _evaluation(admitted: Admitted, variables: Mapping[str, object]) -> float:
    """Return the microseconds one evaluation of the cost takes, on average."""
    start = time.process_time_ns()
    for _ in range(2_000):
        admitted.cost(variables)
    return (time.process_time_ns() - start) / 1e3 / 2_000


def main() -> None:
    """Measure each document several times, never from the cache, and print its worst time."""
    documents = Documents(world(), Limits(), size=0)
    gc.freeze()
    worst = 0.0
    out = sys.stdout.write
    out(f"{'document':34}{'worst ms':>9}{'median':>8}  verdict\n")
    for name, text in largest().items():
        runs = [_milliseconds(documents, text) for _ in range(ROUNDS)]
        times = sorted(run[0] for run in runs)
        worst = max(worst, times[-1])
        out(f"{name:34}{times[-1]:9.2f}{times[len(times) // 2]:8.2f}  {runs[0][1]}\n")
    out(f"{'worst of all':34}{worst:9.2f}\n")
    typical = documents.get(_TYPICAL)
    micro = _evaluation(typical, {"first": 10, "filter": {"lives": {"gt": 1}}})
    first = max(_milliseconds(documents, _TYPICAL)[0] for _ in range(ROUNDS))
    out(f"typical query: admitted in {first:.2f} ms at worst, cost evaluated in {micro:.1f} us\n")


if __name__ == "__main__":
    main()
