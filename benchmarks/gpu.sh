#!/usr/bin/env bash
# The day there is a GPU: are its numbers right, and how fast is it?  Stops at the first wrong number, and says which.
#
#     bash benchmarks/gpu.sh [--json gpu.json]          under 8 minutes on one card, and no network
#     bash benchmarks/gpu.sh --device fake --small      every part of it, without a card
#
# Needs Python with numpy, cupy, torch, pytest, hypothesis and safetensors; PYTHON says which Python.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
export PYTHONPATH=$PWD:$PWD/tests PYTHONDONTWRITEBYTECODE=1

case " $* " in
    *" --device fake "*) ;;
    *) "$python" -m pytest -q -p no:cacheprovider -m gpu $(grep -rl "pytest.mark.gpu" tests --include='test_*.py') ;;
esac
"$python" -m benchmarks.gpu "$@"
