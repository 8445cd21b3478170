"""Whether generated jets were asked for something that the real ones beside them were not chosen by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..data.jets import JetImages
from ..data.selection import Selection, told

#: Standard deviations of the real jets that are offered on either side of a value.
_AROUND = 0.1


def unlike(real: JetImages, fake: JetImages) -> Iterator[str]:
    """A note where conditions of the generated jets were fixed, as their origin says, and others stand beside them."""
    asked, selected = fake.origin.get("fixed") or {}, real.origin.get("selected", {})
    differ = {name: value for name, value in asked.items() if name not in selected and not isinstance(value, dict)}
    if not differ:
        return
    label = fake.origin.get("label")
    known: Selection = {**({} if label is None else {"label": label}), **selected,
                        **{name: _around(real, name, value) for name, value in differ.items()
                           if name in real.conditions and not isinstance(value, str)}}
    others = sorted(name for name in differ if name not in known)
    said = ", ".join(f"{name} {_number(value)}" for name, value in differ.items())
    note = (f"{fake.source} was made with {said}, and is compared with real jets of any: its numbers say how rare such "
            "jets are, not how good the generator is")
    if len(others) < len(differ):
        note += f"; --select {told(known)} (select=... in Python) compares like with like"
    yield note + (f"; {' and '.join(others)} cannot be selected in {real.source}." if others else ".")


def _number(value: float | str | list[float]) -> str:
    if isinstance(value, list | tuple):
        return f"{value[0]:g} to {value[1]:g}"
    return value if isinstance(value, str) else f"{value:g}"


def _around(real: JetImages, name: str, value: float | list[float]) -> tuple[float, float]:
    """The range that was asked for, or one about a value."""
    if isinstance(value, list | tuple):
        return float(value[0]), float(value[1])
    reach = _AROUND * float(np.std(real.conditions[name]))
    return float(f"{value - reach:.4g}"), float(f"{value + reach:.4g}")
