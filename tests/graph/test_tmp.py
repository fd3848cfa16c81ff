import collections
import os
import random
import time
import traceback

from schema.api import DEEDS
from tests.graph.steps import Run


async def test_run(place):
    done, out = collections.Counter(), collections.Counter()
    a, b = int(os.environ.get("A", "0")), int(os.environ.get("B", "20"))
    steps = int(os.environ.get("S", "40"))
    only = os.environ.get("D")
    names = tuple(n for n in DEEDS if not only or any(n.startswith(x) for x in only.split(",")))
    seen = collections.Counter()
    t = time.time()
    n = 0
    for seed in range(a, b):
        told = []
        await place.put_back()
        run = Run(place, done, out, told.append)
        rng = random.Random(seed)
        try:
            for i in range(steps):
                n += 1
                await run.step(rng, names)
            await run.end()
        except Exception as e:
            msg = str(e)[:600]
            key = msg[:60]
            seen[key] += 1
            if seen[key] <= 2:
                print(f"=== seed {seed} step {i}:", *told[-2:], sep="\n")
                print(type(e).__name__, msg)
                if not isinstance(e, AssertionError):
                    traceback.print_exc()
    print("steps", n, "time", time.time() - t)
    print({k: v for k, v in out.items() if "-" in k or "admin" in k or "all" in k})
    print(seen)
    print("never", [d for d in names if not done[d]])
