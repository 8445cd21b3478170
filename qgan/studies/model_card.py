"""What is told of a model to people: a page in the form that the Hugging Face hub shows, made of the model's own card.

YAML between two lines of dashes is read by the hub (library, tags, measured numbers), Markdown follows. In a repository
of the hub the page is called ``README.md``; the licence is for who puts it there to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from .compare.headlines import HeadlineValues, from_plain
from .compare.text import markdown, measured, scale, title

_TAGS = ["physics", "particle-physics", "jets", "quantum-machine-learning", "gan", "pennylane"]


def model_card(card: dict[str, Any]) -> str:
    """The page of a model.

    Args:
        card: as :func:`~qgan.sampling.pretrained.read_card` gives it.
    """
    figures = from_plain(card["quality"]["figures"])
    front = yaml.safe_dump(_front(card, figures), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n" + "\n\n".join(_sections(card, figures)) + "\n"


def _front(card: dict[str, Any], figures: dict[str, HeadlineValues]) -> dict[str, Any]:
    metrics = [{"type": name, "name": title(name), "value": scale(name) * figure.value}
               for name, figure in figures["all"].items()]
    result = {"task": {"type": "unconditional-image-generation", "name": "images of particle jets"},
              "dataset": {"type": "jet-images", "name": card["trained_on"]}, "metrics": metrics}
    return {"library_name": "qgan", "tags": _TAGS, "model-index": [{"name": card["name"], "results": [result]}]}


def _sections(card: dict[str, Any], figures: dict[str, HeadlineValues]) -> Iterator[str]:
    name, source, parameters = card["name"], card["source"], card["parameters"]
    grid = source["blueprint"]["grid"]
    reach = (grid["eta_range"][1] - grid["eta_range"][0]) / 2
    columns = source["blueprint"]["conditions"]["names"]
    yield f"# {name}"
    yield (f"A quantum GAN that makes images of {' and '.join(source['class_names'])} jets: {grid['height']} × "
           f"{grid['width']} pixels over ±{reach:g} in Δη and Δφ, pT in GeV, in the {source['frame']} frame. It has "
           f"{parameters['generator']:,} parameters, {parameters['quantum']:,} of them in a circuit.")
    yield f"## Use\n```sh\nqgan generate --model {name}.safetensors --n 10000 --out fake.h5\n```"
    yield (f"```python\nfrom qgan import load_model\n\nsource = load_model(\"{name}.safetensors\")\n"
           "jets = next(source.jets(100, seed=1))\n```")
    yield f"Each jet is made of conditions, drawn from the training jets or fixed: {', '.join(columns)}."
    yield "## Quality"
    yield _quality(card, figures)
    yield "## Training"
    yield (f"{card['step']:,} steps on {card['trained_on']}, seed {card['training_seed']}:\n```sh\n{card['command']}"
           "\n```")
    yield ("## Limits\nJets outside the range of the training jets are refused. The numbers above hold for jets like "
           "the held-out ones alone; the metrics that reach furthest above what real jets reach say where the "
           "generator can be told from them.")


def _quality(card: dict[str, Any], figures: dict[str, HeadlineValues]) -> str:
    groups = [group for group in figures if group != "all"]
    rows = [["", *groups], *([title(name), *(measured(figures[group][name], name) if name in figures[group] else ""
                                            for group in groups)] for name in figures["all"])]
    settings = card["quality"]["settings"]
    return (f"On held-out jets, {settings['n_per_class']:,} of each class: value ± error (what real jets reach).\n\n"
            f"{markdown(rows)}")
