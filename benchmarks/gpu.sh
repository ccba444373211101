#!/usr/bin/env bash
# The day there is a GPU: are its numbers right, and how fast is it?  Stops at the first wrong number, and says which.
#
#     bash benchmarks/gpu.sh [--json gpu.json]          under 8 minutes on one card, and no network
#     bash benchmarks/gpu.sh --from checkpoints         goes on from a part, when what was wrong before it is mended
#     bash benchmarks/gpu.sh --device fake --small      every part of it, without a card
#
# Needs Python with numpy, cupy, torch, pytest, hypothesis and safetensors; PYTHON says which Python.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD:$PWD/tests${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1
export CUPY_CACHE_DIR=${CUPY_CACHE_DIR:-${TMPDIR:-/tmp}/tinyformer-cupy}              # where home cannot be written
exec "${PYTHON:-python3}" -m benchmarks.gpu --json gpu.json "$@"
