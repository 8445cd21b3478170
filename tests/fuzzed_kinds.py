"""Every kind of file that the package reads: a small good one, how it is broken, and how it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from foreign_files import hdf5_file, jetclass_file, native_file, particles, quark_gluon
from jet_files import publish
from mutations import ODD, changed_bytes, changed_hdf5, changed_npy, changed_npz, changed_tree

from qgan.base.parsing import read_options
from qgan.data import file_summary, iter_jets, read_jets, write_jets
from qgan.data.tables import read_columns
from qgan.runs import kept
from qgan.runs.configuration import Configuration, check
from qgan.runs.recorders import read_log
from qgan.sampling.wishes import read_wish
from qgan.training.parts import check_parts

Rng = np.random.Generator
#: What a reader may be told.
OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {}, {}, {"size": 5}, {"frame": "canonical"}, {"frame": "raw", "half_width": 0.4}, {"labels": 1}, {"stop": 2},
    {"class_names": ("a", "b")}, {"channel": "ecal"}, {"units": "sum"}, {"particles": "pt,eta,phi"}, {"size": 40})


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: of the file.
        make: writes a good one, in a folder of its own.
        read: reads it, in a way that the generator chooses.
        change: breaks what is in it; None where only bytes are broken.
        mend: makes what stands beside it fit again, such as a checksum, after bytes were broken.
        named: whether errors name the file; those of options, which may be words too, name the option, and those of
            a model that is whole but wrong name the jets that it makes or is given.
    """

    name: str
    make: Callable[[Path], object]
    read: Callable[[Path, Rng], object]
    change: Callable[[Path, Rng], object] | None = None
    mend: Callable[[Path], object] = lambda path: None
    named: bool = True

    def break_one(self, path: Path, rng: Rng) -> None:
        """A good file becomes another one."""
        inside = self.change is not None and rng.random() < 0.6
        if inside and self.change is not None:
            self.change(path, rng)
        if not inside or rng.random() < 0.1:
            path.write_bytes(changed_bytes(path.read_bytes(), rng))
            self.mend(path)


def jets(path: Path, rng: Rng, **usual: Any) -> None:
    options = usual | OPTIONS[int(rng.integers(len(OPTIONS)))]
    match int(rng.integers(6)):
        case 0:
            options.pop("stop", None)
            file_summary(path, **options)
        case 1:
            options.pop("stop", None)
            for _ in iter_jets(path, block=3, **options):
                pass
        case _:
            read_jets(path, **options)


def raw_jets(path: Path, rng: Rng) -> None:
    """Of files that do not say how far their images reach."""
    jets(path, rng, frame="raw", half_width=0.4)


def _some(n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    some = quark_gluon(n)
    return some.images, some.label


def _change_head(path: Path, rng: Rng) -> None:
    """One byte where HDF5 keeps names, attributes and their texts."""
    content = bytearray(path.read_bytes())
    content[int(rng.integers(6000))] = int(rng.choice([0, 1, 2, 255, int(rng.integers(256))]))
    path.write_bytes(content)


def _both(path: Path) -> None:
    write_jets(path, quark_gluon(6), other_images=quark_gluon(6).images)


def _table(path: Path, kind: Literal["fixed", "table"] = "table") -> None:
    import pandas

    rng = np.random.default_rng(0)
    px, py, pz = rng.normal(0, 1, (3, 8, 6)) + 100
    columns = {f"{name}_{i}": values[:, i] for i in range(6)
               for name, values in (("E", 200 + 0 * px), ("PX", px), ("PY", py), ("PZ", pz))}
    pandas.DataFrame({**columns, "is_signal_new": np.arange(8) % 2}).to_hdf(path, key="table", format=kind)


def _showers(path: Path) -> None:
    energies = np.random.default_rng(0).exponential(1.0, (3, 6480)) * 10
    hdf5_file(path, showers=energies, incident_energies=energies.sum(1, keepdims=True))


def _csv(path: Path) -> None:
    lines = [f"{label},{200 + i},{80 + i % 5},{i / 10 - 1}" for i, label in enumerate(["w", "qcd"] * 10)]
    path.write_text("\n".join(["label,pt,mass,eta", *lines, ""]))


def _change_csv(path: Path, rng: Rng) -> None:
    """One line is another, or all of them are separated or ended in another way."""
    lines = path.read_text().splitlines()
    i = int(rng.integers(len(lines)))
    odd = ["", ",", ",,,", '"', "a,b,c", "nan,inf,-inf,1e999", "1;2;3;4", "w,2,3,\x00", "pt,pt,pt,pt",
           "w,1_0,0x3,\u0663", "w," + "9" * 5000 + ",1,1", '"w,1,1,1', "w,200,80,0.5,", lines[0], " w , 200 , 80 , 0 "]
    lines[i] = odd[int(rng.integers(len(odd)))]
    text = str(rng.choice(["\n", "\n", "\r\n", "\r", "\n\n"])).join(lines)
    text = text.replace(",", str(rng.choice([",", ",", ";", "\t", " "])))
    path.write_bytes(text.encode(str(rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])), "replace"))


def columns(path: Path, rng: Rng) -> None:
    """As a table of conditions, or as values to draw one of them from."""
    if rng.random() < 0.5:
        read_columns(path)
    else:
        read_wish("pt", str(path))


def _parquet(path: Path, rng: Rng | None = None) -> None:
    import pyarrow
    import pyarrow.parquet

    draw = np.random.default_rng(0)
    images = np.where(draw.random((2, 3, 125, 125)) < 0.02, 5, 0).astype(np.float32)
    columns: dict[str, Any] = {"X_jets": pyarrow.array(images.tolist()), "pt": pyarrow.array([200.0, 210.0]),
                               "m0": pyarrow.array([20.0, 21.0]), "y": pyarrow.array([0.0, 1.0])}
    if rng is not None:
        key = str(rng.choice(list(columns)))
        odd = [pyarrow.array(["a", "b"]), pyarrow.array([None, 1.0]), pyarrow.array([[1.0], [2.0, 3.0]]), None,
               pyarrow.array([0, 1]), pyarrow.array([[[[1.0]]], None]), pyarrow.array([True, False]),
               pyarrow.array([{"a": 1}, {"a": 2}]), pyarrow.array([float("nan"), -1.0]),
               pyarrow.array(["a", "b"]).dictionary_encode(), pyarrow.array(images[:, 0].tolist()),
               pyarrow.array((-images).tolist())]
        columns[key] = odd[int(rng.integers(len(odd)))]
        columns = {name: values for name, values in columns.items() if values is not None}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def _pair(images: Path, labels: Path) -> None:
    np.save(images, _some()[0])
    np.save(labels, _some()[1])


def _records(path: Path) -> None:
    images, label = _some()
    records = np.zeros(len(label), [("image", "f4", images.shape[1:]), ("signal", "i8")])
    records["image"], records["signal"] = images, label
    np.save(path, records)


def _learned(name: str) -> Callable[..., object]:
    """A function of what is trained first, whose libraries take seconds to load."""
    def call(*arguments: Any) -> object:
        return getattr(import_module("fuzzed_runs"), name)(*arguments)

    return call


def _change_json(path: Path, rng: Rng) -> None:
    changed = changed_tree(json.loads(path.read_text()), rng, tuple(odd for odd in ODD if not _bytes_in(odd)))
    path.write_text(json.dumps(changed))


def _bytes_in(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], bytes)


def _change_yaml(path: Path, rng: Rng) -> None:
    path.write_text(yaml.safe_dump(changed_tree(yaml.safe_load(path.read_text()), rng), allow_unicode=True))


def _right_checksum(path: Path) -> None:
    """The card says that these are the weights, so that what is in them is looked at."""
    card = json.loads(path.with_suffix(".json").read_text())
    card["weights_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card))


def _read_anomaly(path: Path, rng: Rng) -> None:
    from anomaly.configuration import Configuration as Anomaly

    read_options(Anomaly, path)


def _anomaly(path: Path) -> None:
    from anomaly.configuration import Configuration as Anomaly

    path.write_text(yaml.safe_dump(Anomaly().to_dict()))


def _read_configuration(path: Path, rng: Rng) -> None:
    configuration = read_options(Configuration, path)
    check(configuration)
    check_parts(configuration)


def _change_records(path: Path, rng: Rng) -> None:
    records = np.load(path)
    odd = [np.zeros(4, [("image", "f4", (25, 25)), ("signal", "f8", (2,))]), records.astype(object), records[:0],
           np.zeros(4, [("image", "f4", (625,)), ("signal", "i8")]), records[["image"]], records[["signal"]],
           np.zeros(4, [("image", "S4", (25, 25)), ("signal", "i8")]), records[None], records["image"],
           np.zeros(4, [("image", "c8", (25, 25)), ("signal", "M8[s]")]), np.zeros((), records.dtype)]
    np.save(path, odd[int(rng.integers(len(odd)))])


def _settings(path: Path) -> None:
    kept.folder(path.parent / "kept", {"seed": 1, "steps": [1, 2], "jets": "12-ab"}, pieces="*.npz")
    (path.parent / "kept" / "settings.json").replace(path)


def _read_settings(path: Path, rng: Rng) -> None:
    folder = path.parent / "kept"
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_bytes(path.read_bytes())
    kept.folder(folder, {"seed": 1, "steps": [1, 2], "jets": "12-ab"}, pieces="*.npz")


def _kept(path: Path) -> None:
    kept.plain(path, lambda: {"auc": [0.5, 0.6]}, {"seed": 1})


def _log(path: Path) -> None:
    path.write_text("".join(json.dumps({"step": i, "loss/generator": 0.5, "speed": None}) + "\n" for i in range(9)))


KINDS: dict[str, Kind] = {
    "native": Kind("jets.h5", lambda path: write_jets(path, quark_gluon(8)), jets, changed_hdf5),
    "native head": Kind("jets.h5", lambda path: write_jets(path, quark_gluon(2)), jets, _change_head),
    "both frames": Kind("jets.h5", _both, jets, changed_hdf5),
    "plain": Kind("jets.h5", lambda path: native_file(path, quark_gluon(4)), jets, changed_hdf5),
    "published": Kind("jets.h5", lambda path: publish(path, 6), jets, changed_hdf5),
    "labelled": Kind("jets.h5", lambda path: hdf5_file(path, X=_some()[0], y=_some()[1]), jets, changed_hdf5),
    "key a class": Kind("jets.h5", lambda path: hdf5_file(path, QCD=_some()[0], TT=_some()[0]), jets, changed_hdf5),
    "cms": Kind("jets.h5", lambda path: hdf5_file(path, X_jets=np.random.default_rng(0).poisson(0.02, (4, 30, 30, 3)),
                                                  y=np.arange(4) % 2, pt=np.full(4, 200.0)), jets, changed_hdf5),
    "jetnet": Kind("q.hdf5", lambda path: hdf5_file(path, particle_features=np.random.default_rng(0).random((8, 5, 4)),
                                                    jet_features=np.tile([900.0, 0.5, 80.0, 5.0], (8, 1))), jets,
                   changed_hdf5),
    "table": Kind("jets.h5", _table, jets, changed_hdf5),
    "fixed table": Kind("jets.h5", lambda path: _table(path, "fixed"), jets, changed_hdf5),
    "showers": Kind("showers.h5", _showers, jets, changed_hdf5),
    "written jetnet": Kind("jets.h5", lambda path: write_jets(path, quark_gluon(4), layout="jetnet"), jets,
                           changed_hdf5),
    "written showers": Kind("jets.h5", lambda path: write_jets(path, quark_gluon(4), layout="calochallenge"), jets,
                            changed_hdf5),
    "channels npz": Kind("jets.npz", lambda path: np.savez(path, X=_some()[0][..., None], y=_some()[1]), raw_jets,
                         changed_npz),
    "jetclass": Kind("jets.root", lambda path: jetclass_file(path, particles(12), label_QCD=np.arange(12) % 2 == 0,
                                                             label_Tbqq=np.arange(12) % 2 == 1), jets),
    "npz": Kind("jets.npz", lambda path: np.savez(path, X=particles(12, 9), y=np.arange(12) % 2), jets, changed_npz),
    "packed npz": Kind("jets.npz", lambda path: np.savez_compressed(path, image=_some()[0], signal=_some()[1]),
                       raw_jets, changed_npz),
    "npy": Kind("X.npy", lambda path: _pair(path, path.with_name("y.npy")), jets, changed_npy),
    "labels": Kind("y.npy", lambda path: _pair(path.with_name("X.npy"), path),
                   lambda path, rng: read_jets(path.with_name("X.npy"), labels=path), changed_npy),
    "records": Kind("jets.npy", _records, raw_jets, _change_records),
    "native npz": Kind("jets.npz", lambda path: write_jets(path, quark_gluon(4)), jets, changed_npz),
    "native parquet": Kind("jets.parquet", lambda path: write_jets(path, quark_gluon(4)), jets),
    "root": Kind("jets.root", lambda path: write_jets(path, quark_gluon(4)), jets),
    "parquet": Kind("jets.parquet", _parquet, jets, lambda path, rng: _parquet(path, rng)),
    "csv": Kind("table.csv", _csv, columns, _change_csv),
    "column": Kind("pt.csv", lambda path: path.write_text("\n".join(map(str, range(200, 230)))), columns),
    "columns": Kind("jets.h5", lambda path: write_jets(path, quark_gluon(4)), columns, changed_hdf5),
    "columns parquet": Kind("jets.parquet", lambda path: write_jets(path, quark_gluon(4)), columns),
    "checkpoint": Kind("checkpoint.pt", _learned("trained"), _learned("read_trained"), _learned("change_checkpoint")),
    "autoencoder": Kind("checkpoint.pt", _learned("autoencoder"), _learned("read_autoencoder"),
                        _learned("change_checkpoint"), named=False),
    "card": Kind("model.json", lambda path: _learned("model")(path.with_suffix(".safetensors")),
                 _learned("read_model"), _change_json),
    "weights": Kind("model.safetensors", _learned("model"), _learned("read_model"), mend=_right_checksum,
                    named=False),
    "yaml": Kind("options.yaml", lambda path: path.write_text(yaml.safe_dump(Configuration().to_dict())),
                 _read_configuration, _change_yaml, named=False),
    "anomaly yaml": Kind("options.yaml", _anomaly, _read_anomaly, _change_yaml),
    "settings": Kind("settings.json", _settings, _read_settings, _change_json),
    "log": Kind("log.jsonl", _log, lambda path, rng: read_log(path)),
    "piece": Kind("piece.json", _kept, lambda path, rng: kept.plain(path, dict, {"seed": 1}), _change_json),
    "kept": Kind("kept.npz", lambda path: kept.arrays(path, lambda: {"scores": np.arange(9.0), "b": np.zeros((2, 2))}),
                 lambda path, rng: kept.arrays(path, dict), changed_npz),
}
