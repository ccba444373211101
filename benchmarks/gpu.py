"""Are the numbers of a GPU right, and how fast is it?  One part after the other; `gpu.sh` is the command.

    python -m benchmarks.gpu [--device cuda|fake] [--small] [--from PART] [--only PART] [--json FILE] [--seconds N]

The parts that judge stand in `gpu_numbers.py`, and end the run at the first wrong number; those that measure, in
`gpu_speed.py`: one that breaks is named at the end, and those for which no time is left are left out.  What was found
is written into the file after each part, and all of it is shown again at the end.  `--device fake --small` runs every
part on the tests' fake device: for the script, not for the times.
"""

import argparse
import faulthandler
import json
import platform
import sys
import time
import traceback
from pathlib import Path

from benchmarks import gpu_numbers, gpu_speed
from benchmarks.side_by_side import table
from tinyformer.errors import InputError

JUDGING = {
    "gradients": gpu_numbers.gradients,
    "twenty steps": gpu_numbers.twenty_steps,
    "checkpoints": gpu_numbers.checkpoints,
    "precisions": gpu_numbers.precisions,
}
MEASURING = {
    "steps": gpu_speed.steps,
    "decoding": gpu_speed.decoding,
    "ops": gpu_speed.ops_times,
    "launches": gpu_speed.launches,
    "one rank": gpu_numbers.one_rank,
}
PARTS = JUDGING | MEASURING
LONG, HANGING = 400, 60                       # seconds: after which nothing is begun, and then nothing is waited for


def facts(device: str) -> dict[str, str]:
    """Versions and the card."""
    from tinyformer.commands.info import card, version
    found = {"python": platform.python_version(), "card": card(device)}
    return found | {name: version(name) for name in ("numpy", "torch", "safetensors")}


def chosen_parts(options: argparse.Namespace) -> list[str]:
    names = list(PARTS)
    return [options.only] if options.only else names[names.index(options.begin):] if options.begin else names


def run(options: argparse.Namespace, found: dict) -> list[str]:
    """Run the parts and add what they find to `found`; what there is to complain of, a wrong number last."""
    wrong, over = [], time.perf_counter() + options.seconds
    for name in chosen_parts(options):
        began = time.perf_counter()
        if name in MEASURING and began > over:
            wrong.append(f"{name} was left out, for {options.seconds} seconds are over")
            continue
        print(f"\n== {name}", flush=True)
        try:
            headings, rows = PARTS[name](options.device, options.small)
        except gpu_numbers.Wrong as error:
            return [*wrong, f"WRONG: {error}"]
        except gpu_numbers.Unfinished as error:
            wrong.append(str(error))
            continue
        except Exception as error:
            traceback.print_exc()
            wrong.append(f"{name} broke: {type(error).__name__}: {error}")
            if name in JUDGING:
                return wrong
            continue
        table(headings, rows)
        print(f"{time.perf_counter() - began:.0f} s", flush=True)
        found[name] = [dict(zip(headings, map(str, row), strict=True)) for row in rows]
        if options.json:
            options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "fake"))
    parser.add_argument("--small", action="store_true", help="sizes that a fake device can bear")
    parser.add_argument("--from", dest="begin", choices=PARTS, help="this part and those behind it")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument("--json", type=Path, help="write what was found into a file")
    parser.add_argument("--seconds", type=float, default=LONG, help="after which nothing more is measured")
    options = parser.parse_args()
    if options.device == "fake":
        import fake_device  # noqa: F401  (registers it; it stands in tests/)
    try:
        found: dict = {"facts": facts(options.device)}
    except InputError as error:
        print(f"gpu: {error}", file=sys.stderr)
        return 2
    wrong = run(options, found)
    print("\n== all of it")
    for name, value in found["facts"].items():
        print(f"{name:<12} {value}")
    for name, rows in list(found.items())[1:]:
        print(f"\n{name}", end="")
        table(list(rows[0]), [list(row.values()) for row in rows])
    print("\n" + ("\n".join(wrong) or "every number that was judged is right"))
    return int(bool(wrong))


if __name__ == "__main__":
    if "fake" not in sys.argv:
        faulthandler.dump_traceback_later(LONG + HANGING, exit=True)           # a card that hangs says where, and ends
    sys.exit(main())
