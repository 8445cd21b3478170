"""``qgan symmetry``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..base.console import aligned
from ..base.kinds import Jets, Json, Overwrite, Positive, Quiet, Seed
from ..data.reading import Reading

if TYPE_CHECKING:
    from ..data.jets import JetImages
    from ..evaluation.moved import Broken
    from ..studies.oracles import Oracle
    from ..studies.symmetry import Found

    Told = dict[str, dict[str, Broken]]

#: σ_min/σ_next of a metric from which on generators leave several as they are.
SEVERAL = 0.5


def main(files: Sequence[Jets] = (), *, reading: Reading, pair: str = "w_qcd", n: Positive = 5000,
         tagger: str = "trees", find: Literal["particles", "pixels", "codes"] | None = None, generators: Positive = 1,
         seeds: Positive = 3, oracles: Sequence[str] = (), latent: Positive | None = None, seed: Seed = 0,
         json: Json | None = None, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Say which symmetries jets have, and whether generated jets have those of real ones.

    A tagger tells jets from the same kind of jets after a transformation: an AUC of 0.5 says that they have the
    symmetry. With --find, generators of a symmetry are looked for too, in a game of two networks (LieGAN), tested on
    jets that they have not seen, and told with the metric that they leave as it is.

    Args:
        files: real jets first, then generated ones (default: the test jets that ship, which also go before a single
            file of a generator).
        pair: which of the jets that ship, where no file is given.
        n: most jets per class.
        tagger: what tells jets apart, by name (see qgan tag).
        find: act on four-momenta of particles, on places of pixels, or on the codes of an autoencoder of the images.
        generators: of a symmetry that is looked for.
        seeds: games for each class.
        oracles: networks on particles, by name, of whose logits is told which linear maps of four-momenta leave them as
            they are.
        latent: numbers of a code of the images; of a network's logit of codes the same is told, unless they are what
            --find acts on (default there: 6).
        seed: of the draws, the taggers and the first game.

    Examples:
        qgan symmetry --pair quark_gluon
        qgan symmetry real.h5 fake.h5 --json symmetry.json
        qgan symmetry --pair quark_gluon --find pixels --seeds 5
        qgan symmetry --pair quark_gluon --oracles lorentznet-lite particlenet-lite --latent 6
    """
    from ..base.io import write_json
    from ..base.progress import progress
    from ..report import generator_names
    from ..studies.oracles import check_oracles, of_codes, of_taggers
    from ..studies.symmetry import games, named

    sets = load(files, reading, pair)
    of_latent = latent is not None and find != "codes"
    if oracles or of_latent:
        check_oracles(sets[0], oracles)
    names = generator_names([str(file) for file in files])
    names = ["test jets that ship"] * (len(sets) - len(names)) + names
    told, found = list["Told"](), list["Found"]()
    with progress(sum(len(jets.classes) for jets in sets), "symmetry", "classes", quiet=quiet) as bar:
        for jets in sets:
            told.append({})
            for name, broken in named(jets, n, tagger, seed):
                told[-1][name] = broken
                bar.update()
            found += games(jets, find, generators, n, range(seed, seed + seeds), size=latent or 6) if find else ()
    asked = list(of_taggers(sets[0], oracles, n, seed)) if oracles else []
    asked += [of_codes(sets[0], latent, n, seed)] if of_latent and latent else []
    if json:
        write_json(json, {"n": n, "tagger": tagger, "seed": seed, "jets": [
            {"source": jets.source, "classes": {name: {what: one._asdict() for what, one in broken.items()}
                                                for name, broken in classes.items()}}
            for jets, classes in zip(sets, told, strict=True)], "found": [one.to_dict() for one in found],
            "oracles": [one.to_dict() for one in asked]}, overwrite)
    if not quiet:
        print(table(names, told))
        if found:
            print(f"\n{games_table(found, dict(zip((jets.source for jets in sets), names, strict=True)))}")
        if asked:
            print(f"\n{oracles_table(asked)}")


def load(files: Sequence[Jets], reading: Reading, pair: str) -> list[JetImages]:
    """Jets of each file; before those of one generator the test jets of its classes that ship."""
    from ..data import embedded_jets, read_jets
    from ..data.made import generator_of
    from ..data.shipped import shipped_set

    if not files:
        return [embedded_jets(pair, "test")]
    sets = [read_jets(reading.of(file).with_particles) for file in files]
    if len(sets) == 1 and generator_of(sets[0]) and (name := shipped_set(sets[0].class_names)):
        sets.insert(0, embedded_jets(name, "test"))
    return sets


def table(sources: Sequence[str], told: Sequence[Told]) -> str:
    """A line for each class and transformation, a column for each set of jets; then what the first broke it in."""
    first, rows = told[0], [["class", "", *sources, "seen in"]]
    for name in first:
        for what, one in first[name].items():
            others = [classes.get(name, {}).get(what) for classes in told[1:]]
            rows.append([name, what, _auc(one), *(_beside(other, one) if other else "-" for other in others),
                         one.seen_in if one.is_broken else ""])
    return ("AUC of jets against transformed jets: 0.5 where they have the symmetry; ! breaks it; "
            f"* is off the first by more than three errors\n{aligned(rows, left=(0, 1), heads=1)}")


def games_table(found: Sequence[Found], names: dict[str, str]) -> str:
    """A line for each game, then the generators of each; sets of jets by their sources' ``names``."""
    rows = [["jets", "class", "seed", "AUC of a test", "", "shift", "σ_min/σ_next", "signature", "|cos|", "residuals"]]
    for one in found:
        metric = one.metric
        rows.append([names[one.jets], one.group, str(one.seed), f"{one.game.auc:.3f} ± {one.game.error:.3f}",
                     "found" if one.game.found else "no symmetry", f"{one.game.moved:.2f}", f"{metric.gap:.3f}",
                     "".join(sign * count for sign, count in zip("+-0", metric.signature, strict=True)),
                     f"{metric.cosine:.3f}", " ".join(f"{residual:.2f}" for residual in metric.residuals)])
    matrices = [f"{names[one.jets]} {one.group} {one.seed}:\n{one.game.generators.round(2)}"
                for one in found]
    return "\n".join([aligned(rows, left=(0, 1, 4), heads=1), *matrices])


def oracles_table(asked: Sequence[Oracle]) -> str:
    """A line for each oracle: how many generators leave it as it is, and how steep it is along those with names."""
    names = list(dict.fromkeys(name for one in asked for name in one.slopes))
    rows = [["logit of", "jets", "AUC", "generators", "loss of the last", "of the next", "|cos| of J", *names]]
    for one in asked:
        losses, found = one.flows.losses, one.flows.dimension
        last, following = (f"{losses[k]:.1e}" if 0 <= k < len(losses) else "-" for k in (found - 1, found))
        alike = "-" if one.metric is None else "several" if one.metric.gap > SEVERAL else f"{one.metric.cosine:.3f}"
        rows.append([one.name, f"{one.jets:,}", f"{one.auc:.3f}", f"{found} of {len(losses)}", last, following, alike,
                     *(f"{one.slopes[name]:.1e}" if name in one.slopes else "-" for name in names)])
    return ("linear maps that leave a logit as it is (a loss below 1e-4), and its slope along some with names, in "
            f"standard deviations\n{aligned(rows, left=(0,), heads=1)}")


def _auc(one: Broken) -> str:
    return f"{one.auc:.3f} ± {one.error:.3f}{'!' if one.is_broken else ' '}"


def _beside(one: Broken, first: Broken) -> str:
    off = abs(one.auc - first.auc) > 3 * math.hypot(one.error, first.error)
    return _auc(one) + ("*" if off else " ")
