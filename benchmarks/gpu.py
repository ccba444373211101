"""Are the numbers of a GPU right, and how fast is it?  One part after the other; `gpu.sh` is the command.

    python -m benchmarks.gpu [--device cuda|fake] [--small] [--only PART] [--json FILE]

The parts that judge stand in `gpu_numbers.py`, and end the run at the first wrong number; those that measure, in
`gpu_speed.py`.  `--device fake --small` runs all of them on the tests' fake device: for the script, not for the times.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path

from benchmarks import gpu_numbers, gpu_speed
from benchmarks.side_by_side import table

PARTS = {
    "twenty steps": gpu_numbers.twenty_steps,
    "checkpoints": gpu_numbers.checkpoints,
    "precisions": gpu_numbers.precisions,
    "steps": gpu_speed.steps,
    "decoding": gpu_speed.decoding,
    "ops": gpu_speed.ops_times,
    "launches": gpu_speed.launches,
}


def facts(device: str) -> dict[str, str]:
    """Versions and the card."""
    from tinyformer.commands.info import card, version
    found = {"python": platform.python_version(), "card": card(device)}
    return found | {name: version(name) for name in ("numpy", "torch", "safetensors")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "fake"))
    parser.add_argument("--small", action="store_true", help="sizes that a fake device can bear")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument("--json", type=Path, help="write what was found into a file")
    chosen = parser.parse_args()
    if chosen.device == "fake":
        import fake_device  # noqa: F401  (registers it; it stands in tests/)
    found: dict = {"facts": facts(chosen.device)}
    for name, value in found["facts"].items():
        print(f"{name:<12} {value}")
    for name, part in PARTS.items():
        if chosen.only not in (None, name):
            continue
        began = time.perf_counter()
        print(f"\n== {name}", flush=True)
        try:
            headings, rows = part(chosen.device, chosen.small)
        except gpu_numbers.Wrong as error:
            print(f"WRONG: {error}")
            return 1
        table(headings, [[str(cell) for cell in row] for row in rows])
        found[name] = [dict(zip(headings, row, strict=True)) for row in rows]
        print(f"{time.perf_counter() - began:.0f} s")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print("\nevery number that was judged is right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
