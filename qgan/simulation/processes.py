"""The hard processes that can be simulated, and how their jets are found and chosen."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.errors import ConfigError
from ..data.jets import CLASS_PAIRS, Frame

_COMMON = ("Beams:eCM = 14000.",)
_W_TO_QUARKS = ("24:onMode = off", "24:onIfAny = 1 2 3 4 5")
_Z_TO_NEUTRINOS = ("23:onMode = off", "23:onIfAny = 12 14 16")


@dataclass(frozen=True)
class Process:
    """One process.

    Attributes:
        settings: what Pythia is told, beside the seed.
        radius: of anti-kT.
        subjet_radius: of the kT subjets that the canonical frame is built on; of the trimming if ``trimmed``.
        pt, mass: open interval of the (trimmed) jet's pT and mass, GeV.
        towers: whether particles are summed in calorimeter towers first.
        trimmed: whether subjets with less than ``TRIM_FRACTION`` of the jet's pT are dropped.
        jets_per_event: how many of the hardest jets of an event are considered.
        two_prong: whether ΔR of the two leading subjets is recorded (else it is 0).
        half_width: of the image, radians, unless another one is asked for; τ_N is divided by it.
        frame: of ``image`` unless the other one is asked for.
        efficiency: measured jets per event; it only sets the size of the batches.
        chunk: jets that one Pythia makes, some 20 s of one core.
    """

    name: str
    settings: tuple[str, ...]
    radius: float
    subjet_radius: float
    pt: tuple[float, float]
    mass: tuple[float, float]
    half_width: float
    frame: Frame
    efficiency: float
    chunk: int
    towers: bool = False
    trimmed: bool = False
    jets_per_event: int = 2
    two_prong: bool = True

    @property
    def class_names(self) -> tuple[str, str]:
        """The names of label 0 and label 1."""
        return next(pair for pair in CLASS_PAIRS if self.name in pair)

    @property
    def label(self) -> int:
        return self.class_names.index(self.name)


#: Subjets softer than this fraction of the jet's pT are trimmed away.
TRIM_FRACTION = 0.05
#: |η| of the jet's axis before trimming.
ETA_MAX = 2.0

_ANY_MASS = (0.0, float("inf"))
_INVISIBLE_Z = ("WeakZ0:gmZmode = 2", *_Z_TO_NEUTRINOS)
_Z_JET = ("PhaseSpace:pTHatMin = 450.", "PhaseSpace:pTHatMax = 650.", *_INVISIBLE_Z)
_TOP_RANGE = ("PhaseSpace:pTHatMin = 500.", "PhaseSpace:pTHatMax = 750.")


def _w_prime(mass: str) -> tuple[str, ...]:
    """W' → W Z, whose Z is not seen: the W has half of the mass as momentum."""
    return ("NewGaugeBoson:ffbar2Wprime = on", "Wprime:coup2WZ = 1.", f"34:m0 = {mass}", "34:onMode = off",
            "34:onIfMatch = 24 23", *_W_TO_QUARKS, *_Z_TO_NEUTRINOS)


def _fat(name: str, settings: tuple[str, ...], efficiency: float, chunk: int) -> Process:
    return Process(name, (*_COMMON, *settings), radius=1.0, subjet_radius=0.3, pt=(250.0, 300.0), mass=(60.0, 100.0),
                   half_width=1.25, frame="canonical", efficiency=efficiency, chunk=chunk, towers=True, trimmed=True)


def _slim(name: str, settings: tuple[str, ...]) -> Process:
    return Process(name, (*_COMMON, *settings, *_Z_JET), radius=0.4, subjet_radius=0.2, pt=(500.0, 550.0),
                   mass=_ANY_MASS, half_width=0.4, frame="raw", efficiency=0.21, chunk=300, jets_per_event=1,
                   two_prong=False)


def _boosted(name: str, settings: tuple[str, ...], efficiency: float, jets_per_event: int = 2) -> Process:
    return Process(name, (*_COMMON, *settings, *_TOP_RANGE), radius=0.8, subjet_radius=0.4, pt=(550.0, 650.0),
                   mass=_ANY_MASS, half_width=0.8, frame="raw", efficiency=efficiency, chunk=300,
                   jets_per_event=jets_per_event)


PROCESSES = {process.name: process for process in (
    _fat("w", _w_prime("600."), efficiency=0.30, chunk=500),
    _fat("qcd", ("HardQCD:all = on", "PhaseSpace:pTHatMin = 220.", "PhaseSpace:pTHatMax = 380."),
         efficiency=0.095, chunk=200),
    _slim("quark", ("WeakBosonAndParton:qg2gmZq = on",)),
    _slim("gluon", ("WeakBosonAndParton:qqbar2gmZg = on",)),
    _boosted("top", ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *_W_TO_QUARKS), efficiency=0.5),
    _boosted("qcd_jet", ("HardQCD:all = on",), efficiency=0.6),
    _boosted("w_jet", _w_prime("1250."), efficiency=0.3, jets_per_event=1),
    _boosted("quark_jet", ("WeakBosonAndParton:qg2gmZq = on", *_INVISIBLE_Z), efficiency=0.3, jets_per_event=1),
    _boosted("gluon_jet", ("WeakBosonAndParton:qqbar2gmZg = on", *_INVISIBLE_Z), efficiency=0.3, jets_per_event=1),
)}


def process_named(name: str) -> Process:
    """The process of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in PROCESSES:
        raise ConfigError(f"process: {name!r} is unknown; known are {', '.join(PROCESSES)}")
    return PROCESSES[name]
