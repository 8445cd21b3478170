"""Ways to break a file: its bytes, or the names, shapes, types and values of what is in it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

#: Names that readers look for.
NAMES = ("image", "signal", "X", "y", "X_jets", "jet_pt", "jet_mass", "particle_features", "jet_features", "table",
         "image_raw", "generated", "array", "pt", "m0", "QCD", "TT", "showers", "df", "")
#: What an option, an attribute or a field should not be.
ODD: tuple[Any, ...] = (None, True, -1, 0, 1, 7, 10**12, 2.5, -0.0, 1e300, float("nan"), float("inf"), "", "raw",
                        "x\ny", "ü" * 40, [], [1, 2], [[0.5], "a"], {}, {"a": {"b": [None]}}, ["w", "qcd"],
                        [b"w", b"qcd"])


def changed_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """Bits flipped, bytes lost, moved, doubled, or others in their place."""
    data, n = bytearray(content), len(content)
    first, second = sorted(int(i) for i in rng.integers(0, n + 1, 2))
    length = int(rng.integers(1, 65))
    match int(rng.integers(8)):
        case 0:
            for place in rng.integers(0, n, rng.integers(1, 9)):
                data[place] ^= 1 << int(rng.integers(8))
        case 1:
            data[first:first + length] = rng.bytes(len(data[first:first + length]))
        case 2:
            del data[first:]
        case 3:
            data = data[:first] + data[second:second + length] + data[first + length:]
        case 4:
            data[first:first + length] = bytes([int(rng.choice([0, 255]))]) * len(data[first:first + length])
        case 5:
            del data[first:first + length]
        case 6:
            data[first:first] = data[second:second + length] or rng.bytes(length)
        case _:
            # In the head of a file, where its plan is.
            for place in rng.integers(0, min(n, 2048), rng.integers(1, 4)):
                data[place] = int(rng.integers(256))
    return bytes(data)


def changed_array(values: np.ndarray, rng: np.random.Generator) -> Any:
    """Another shape, another type, or numbers that should not be there."""
    n = len(values) if values.ndim else 0
    flat = np.array(values, copy=True)
    if flat.dtype.kind not in "fiub":
        return flat[..., None]
    match int(rng.integers(20)):
        case 0:
            return flat[:n // 2]
        case 1:
            return flat[..., None]
        case 2:
            return flat.reshape(-1)
        case 3:
            return flat.reshape(n, -1) if n else flat
        case 4:
            return flat[:0]
        case 5:
            return np.array(rng.choice([0.0, 1.0, np.nan]))
        case 6:
            return flat.swapaxes(0, -1)
        case 7:
            return np.concatenate([flat, flat])
        case 8:
            return flat[..., :int(rng.integers(1, 4))]
        case 9:
            return flat.astype(">f8") if flat.dtype.kind in "fiu" else flat
        case 10:
            return flat.astype(np.float16)
        case 11:
            return flat.astype(np.complex64)
        case 12:
            return flat.astype(str).astype("S") if flat.dtype.kind in "fiub" else flat
        case 13:
            return flat != 0
        case 14:
            return np.asfortranarray(flat)
        case 15:
            return np.zeros(flat.shape, [("a", "f4"), ("b", "i8")])
        case 16:
            return (np.nan_to_num(flat) % 100).astype(np.uint8)
        case _:
            odd = [np.nan, np.inf, -np.inf, -1.0, 0.5, 1e30, 1e39, 2.0, -999.0]
            flat = flat.astype(np.float64)
            where = rng.random(flat.shape) < rng.choice([0.01, 0.5, 1.0])
            flat[where] = rng.choice(odd)
            return flat


def changed_hdf5(path: Path, rng: np.random.Generator) -> None:
    """One dataset, link or attribute of an HDF5 file is another."""
    with h5py.File(path, "a") as file:
        keys = sorted(file)
        key = str(rng.choice(keys)) if keys else "image"
        change = CHANGES[int(rng.integers(len(CHANGES)))]
        change(file, key, rng)


def _array(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    if isinstance(file[key], h5py.Dataset):
        values = changed_array(file[key][()], rng)
        del file[key]
        file[key] = values


def _attribute(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    names = ["frame", "half_width", "class_names", "units", "origin", "schema_version", "eta_range", "process",
             "phi_range", "seeds", "made_by", "pixels"]
    odd = [*ODD, h5py.Empty("f"), h5py.Empty("S5"), file.ref, np.array([b"raw"]), np.bytes_(b"raw"), np.zeros((2, 2)),
           np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), np.array(["a", "b"], h5py.string_dtype()), np.float16(0.4),
           np.array([1.0, -1.0]), b"\xff\xfe", "[" * 5000, '{"a": NaN}', np.array([0.4]), np.complex64(1j)]
    value = odd[int(rng.integers(len(odd)))]
    try:
        (file if rng.random() < 0.8 else file[key]).attrs[str(rng.choice(names))] = value
    except (TypeError, ValueError):  # h5py has no such attributes
        file.attrs["frame"] = "sideways"


def _rename(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    name = str(rng.choice(NAMES)) or "\xe9\xe8" * int(rng.integers(1, 200))
    if name not in file:
        file.move(key, name)


def _lose(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    del file[key]


def _group(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    file.move(key, "elsewhere")
    file.create_group(key)
    if rng.random() < 0.5:
        file.move("elsewhere", f"{key}/{key}")


def _link(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    del file[key]
    links = [h5py.SoftLink("/nowhere"), h5py.SoftLink(f"/{key}"), h5py.ExternalLink("nowhere.h5", "image"),
             h5py.ExternalLink(file.filename, f"/{key}"), h5py.SoftLink("/"), h5py.ExternalLink("/dev/null", "image")]
    file[key] = links[int(rng.integers(len(links)))]


def _virtual(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    shape = file[key].shape if isinstance(file[key], h5py.Dataset) else None
    if not shape:
        return
    del file[key]
    layout = h5py.VirtualLayout(shape, np.float32)
    source = str(rng.choice(["nowhere.h5", ".", "/dev/null", str(Path(file.filename).name)]))
    layout[...] = h5py.VirtualSource(source, str(rng.choice([key, "other", "image"])), shape)
    file.create_virtual_dataset(key, layout)


def _special(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    n = file[key].shape[0] if isinstance(file[key], h5py.Dataset) and file[key].shape else 4
    del file[key]
    match int(rng.integers(8)):
        case 0:
            file[key] = h5py.Empty("f4")
        case 1:
            file.create_dataset(key, (n,), h5py.vlen_dtype(np.float32))
        case 2:
            file.create_dataset(key, (n,), h5py.ref_dtype)
        case 3:
            file.create_dataset(key, (n,), h5py.enum_dtype({"gluon": 0, "quark": 1}, "i1"))
        case 4:
            file[key] = np.dtype("f4")
        case 5:
            file.create_dataset(key, (n, 25, 25), "f4", chunks=(1, 25, 25), maxshape=(None, 25, 25))
        case 6:  # Nothing is written: sixteen million images that take no room, as a damaged shape would claim.
            file.create_dataset(key, (1 << 24, 25, 25), "f4", chunks=(1, 25, 25))
        case _:
            file.create_dataset(key, (n,), np.dtype("f4"), external=[("nowhere.bin", 0, 4 * n)])


def _filtered(file: h5py.File, key: str, rng: np.random.Generator) -> None:
    if not isinstance(file[key], h5py.Dataset) or not file[key].shape or file[key].dtype.kind not in "fiu":
        return
    values = file[key][()]
    del file[key]
    ways: list[dict[str, Any]] = [{"compression": "gzip"}, {"compression": "lzf"}, {"fletcher32": True},
                                  {"shuffle": True, "compression": "gzip", "fletcher32": True}, {"scaleoffset": 2}]
    file.create_dataset(key, data=values, **ways[int(rng.integers(len(ways)))])


CHANGES: tuple[Callable[[h5py.File, str, np.random.Generator], None], ...] = (
    _array, _array, _array, _array, _array, _attribute, _attribute, _attribute, _rename, _lose, _group, _link, _virtual,
    _special, _special, _filtered)


def changed_npy(path: Path, rng: np.random.Generator) -> None:
    """The array of a .npy file is another."""
    np.save(path, _storable(changed_array(np.load(path), rng), rng))


def changed_npz(path: Path, rng: np.random.Generator) -> None:
    """An array of a .npz file is another, has another name, or is lost."""
    with np.load(path) as stored:
        arrays = dict(stored)
    key = str(rng.choice(sorted(arrays)))
    values = arrays.pop(key)
    match int(rng.integers(8)):
        case 0:
            pass
        case 1:
            arrays[str(rng.choice(NAMES)) or "\xe9/../a"] = values
        case _:
            arrays[key] = _storable(changed_array(values, rng), rng)
    buffer = io.BytesIO()
    (np.savez_compressed if rng.random() < 0.5 else np.savez)(buffer, **arrays)
    path.write_bytes(buffer.getvalue())


def _storable(values: Any, rng: np.random.Generator) -> Any:
    """Now and then as objects, dates or texts, which a file of arrays may hold too."""
    if rng.random() < 0.85:
        return values
    texts = np.full(np.shape(values), "0.5") if np.asarray(values).dtype.names else np.asarray(values).astype("U8")
    odd = [np.asarray(values).astype(object), texts, np.zeros(np.shape(values), "M8[s]"),
           np.array({"a": 1}, object)]
    return odd[int(rng.integers(len(odd)))]


def changed_tree(value: Any, rng: np.random.Generator, odd: tuple[Any, ...] = ODD) -> Any:
    """One value somewhere in nested dictionaries and lists is another, has another name, or is lost."""
    here = isinstance(value, dict | list) and len(value) and rng.random() < 0.9
    if not here:
        return odd[int(rng.integers(len(odd)))]
    if isinstance(value, list):
        i = int(rng.integers(len(value)))
        return [*value[:i], *([] if rng.random() < 0.2 else [changed_tree(value[i], rng, odd)]), *value[i + 1:]]
    key = list(value)[int(rng.integers(len(value)))]
    chance, rest = rng.random(), {k: v for k, v in value.items() if k != key}
    if chance < 0.1:
        return rest
    if chance < 0.15:
        return {**rest, f"{key}s": value[key]}
    if chance < 0.17:
        return {**rest, 3: value[key]}
    return {k: changed_tree(v, rng, odd) if k == key else v for k, v in value.items()}
