#!/usr/bin/env bash
# A wheel as a user has it: in an empty environment, with whatever versions pip picks, outside the checkout. torch alone
# is pinned: what an index takes for the newest may bring gigabytes for GPUs.
#   .ci/wheel.sh dist/qgan-0.1.0-py3-none-any.whl
set -euo pipefail
wheel=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet torch==2.13.0 "$wheel"
qgan=environment/bin/qgan

$qgan --version
$qgan train --config quark_gluon --steps 2 --seed 1 --threads 1 --out run --quiet
$qgan generate --run run --n 600 --seed 1 --out run.h5
$qgan generate --model w_qcd --n 2000 --seed 1 --out fake.npz
$qgan evaluate fake.npz --quick --json report.json
environment/bin/python -c "import qgan; print(qgan.read_jets('run.h5'), qgan.load_model('run').grid)"
environment/bin/anomaly baselines --quiet
