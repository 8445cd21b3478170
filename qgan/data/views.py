"""Jets as other libraries hold them: a torch data set, a pandas table, awkward particles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import DataError
from .jets import JetImages
from .lit import lit_pixels

if TYPE_CHECKING:
    from torch.utils.data import TensorDataset


def dataset(jets: JetImages) -> TensorDataset:
    """See :meth:`~qgan.data.jets.JetImages.dataset`."""
    import torch
    from torch.utils.data import TensorDataset

    quantities = np.stack([*jets.conditions.values()], 1) if jets.conditions else np.empty((len(jets), 0), np.float32)
    # torch shares no memory that may not be written to.
    return TensorDataset(*(torch.from_numpy(np.require(x, requirements="W"))
                           for x in (jets.images, jets.label, quantities)))


def table(jets: JetImages) -> Any:
    """See :meth:`~qgan.data.jets.JetImages.to_pandas`."""
    try:
        import pandas
    except ImportError as error:
        raise DataError(jets.source, "", "pandas is not installed: pip install 'qgan[formats]'") from error
    return pandas.DataFrame(_columns(jets))


def particles(jets: JetImages) -> Any:
    """See :meth:`~qgan.data.jets.JetImages.to_awkward`."""
    try:
        import awkward
    except ImportError as error:
        raise DataError(jets.source, "", "awkward is not installed: pip install 'qgan[root]'") from error
    pt, eta, phi = lit_pixels(jets.images, jets.grid)
    lit, counts = pt > 0, (pt > 0).sum(1)
    records = awkward.zip({name: awkward.unflatten(values[lit], counts) for name, values in
                           (("pt", pt), ("delta_eta", eta), ("delta_phi", phi))})
    return awkward.Array({**_columns(jets), "particles": records})


def _columns(jets: JetImages) -> dict[str, np.ndarray]:
    marks = {} if jets.generated is None else {"generated": jets.generated}
    return {"label": jets.label, "class": np.array(jets.class_names)[jets.label], **jets.conditions, **marks}

