"""An evaluation as TensorBoard shows it: numbers with floors, pictures, and the table as text."""

from __future__ import annotations

from collections.abc import Mapping

from ..data import JetImages
from ..evaluation import Evaluation
from ..runs.recorders import Recorder
from . import table
from .pages import evaluation_pages
from .plots import figures


def record_evaluation(recorder: Recorder, real: JetImages, fake: JetImages, evaluation: Evaluation,
                      seed: int = 0) -> None:
    """Tells a recorder everything that an evaluation of one generator says.

    The step is that of the checkpoint that the jets come from, so that the numbers stand under the curves of its
    training; 0 where the file does not say.

    Args:
        real, fake: what was compared.
        evaluation: what :func:`~qgan.evaluation.evaluate` said of them.
        seed: which jets are in the gallery.
    """
    step = _step(fake.origin)
    recorder.layout(evaluation_pages(evaluation.groups, list(dict.fromkeys(r.metric for r in evaluation.rows))))
    recorder.text(step, "evaluation", "".join(f"    {line}\n" for line in table(evaluation).splitlines()))
    for row in evaluation.rows:
        floor = {} if row.floor is None else {f"floor/test/{row.tag}": row.floor}
        recorder.scalars(step, {f"test/{row.tag}": row.value} | floor)
    for drawn in figures(real, {"generated": fake}, seed, {"generated": evaluation}):
        recorder.figure(step, f"test/{drawn.name}", drawn.figure)


def _step(origin: Mapping[str, object]) -> int:
    step = origin.get("step", 0)
    return step if isinstance(step, int) else 0
