"""What was chosen for review under which releases, and what analysts said of it."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback.answer_noise import MOST_WRONG, Said, truth
from floodline.feedback.review_estimates import Reviewed
from floodline.feedback.review_sampling import ReviewSampler, Sampling
from floodline.feedback.score_drift import ScoreDrift, score_drift

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the log under one release.

    Attributes:
        release: its number.
        threshold: the score in force; None under a rarity rule, where it differs by event.
        sampling: what was drawn below the threshold; None: nothing was.
    """

    release: int
    threshold: float | None
    sampling: Sampling | None


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts and samples; arrays of shape (n,), in any order.

    Attributes:
        scores: as published.
        thresholds: what each was compared with.
        releases: number of the release that each was scored under.
        places: a number for each partition of each topic.
        offsets: in its partition.
        ages: hours since each was taken in.
    """

    scores: Numbers
    thresholds: Numbers
    releases: Integers
    places: Integers
    offsets: Integers
    ages: Numbers


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Current labels that count, one an analyst and event; arrays of shape (k,).

    Attributes:
        items: index of the event among those chosen.
        analysts: a number for each analyst.
        real: whether the analyst calls it an anomaly.
        ages: hours since the label.
        blind: whether the analyst's first one was a second opinion, given without knowing others'.
        independent: what the analyst said before knowing others' answers, 1 real or 0; -1: nothing.
    """

    items: Integers
    analysts: Integers
    real: Booleans
    ages: Numbers
    blind: Booleans
    independent: Integers

    @classmethod
    def open(
        cls, *, items: Integers, analysts: Integers, real: Booleans, ages: Numbers
    ) -> "Answers":
        """Answers among which there is no second opinion."""
        return cls(
            items=items,
            analysts=analysts,
            real=real,
            ages=ages,
            blind=np.zeros(items.size, np.bool_),
            independent=real.astype(np.int64),
        )

    def where(self, kept: Booleans) -> "Answers":
        """Some of them."""
        return Answers(**{name: getattr(self, name)[kept] for name in self.__struct_fields__})


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that estimates and decisions know.

    Attributes:
        chosen: alerts and samples, without those whose label counts for nothing.
        answers: what was said of them.
        epochs: the releases that the chosen were scored under.
        half_life: hours after which an event counts half; None: age does not matter.
    """

    chosen: Chosen
    answers: Answers
    epochs: tuple[Epoch, ...]
    half_life: float | None = None

    def without(self, analyst: int, hours: float) -> "Evidence":
        """As if this analyst had not said a word in the last hours."""
        theirs = (self.answers.analysts == analyst) & (self.answers.ages <= hours)
        return msgspec.structs.replace(self, answers=self.answers.where(~theirs))

    def judged_in(self, reviewed: Reviewed) -> Reviewed:
        """The same events as `reviewed`, which is of the same chosen ones, by these answers."""
        return msgspec.structs.replace(reviewed, **self._judged())

    def recent_analysts(self, hours: float) -> list[int]:
        """Who said something in the last hours."""
        return [int(each) for each in np.unique(self.answers.analysts[self.answers.ages <= hours])]

    def under(self, first_release: int) -> "Evidence":
        """What was chosen under releases from this one on alone."""
        return self._where(self.chosen.releases >= first_release)

    def _where(self, kept: Booleans) -> "Evidence":
        index = np.cumsum(kept) - 1
        chosen = Chosen(
            **{name: getattr(self.chosen, name)[kept] for name in Chosen.__struct_fields__}
        )
        answers = self.answers.where(kept[self.answers.items])
        answers = msgspec.structs.replace(answers, items=index[answers.items])
        return msgspec.structs.replace(self, chosen=chosen, answers=answers)

    def reviewed(self) -> Reviewed:
        """The events with what each stands for and what is said of it.

        Releases change who is chosen: an event that scored s had a chance of 1 where its threshold
        was at most s, and of its stratum's rate elsewhere. Each event weighs one part in its chance
        on average over the releases, by how many events each release saw (exposure, from the
        offsets). So an event that was sampled at 1 in 500 just below a threshold weighs little once
        later releases alerted on its like, and the sum over a range of scores is still without
        bias, as long as scores come alike under all of them:

            p(s) = sum over releases of exposure * chance of s under it / sum of exposures
            weight = age weight / p(score)

        Where scores drift, false alarms are counted by weights of the same kind whose age weight
        follows the drift's half-life (`Reviewed.recent`).

        With enough second opinions answers are taken as wrong now and then (`answer_noise`).
        Before that, trust in an answer is its analysts' agreement: 1 together, 0 split in half.

        Source: Veach, Guibas, "Optimally combining sampling techniques for Monte Carlo rendering",
        SIGGRAPH 1995, section 3.3 (the balance heuristic).
        """
        chosen = self.chosen
        lengths = _lengths(chosen)
        weights, counted = self._weights(lengths, self.half_life)
        span = float(np.ptp(chosen.ages)) if chosen.ages.size else 0.0
        recent, newest, drift = None, 1.0, self._drift()
        if drift is not None:
            newer, share = self._weights(lengths, drift.half_life)
            newest = counted / share
            recent = newer * newest
        return Reviewed(
            scores=chosen.scores,
            weights=weights,
            alerted=chosen.scores >= chosen.thresholds,
            hours=span * counted if span else np.nan,
            recent=recent,
            newest=newest,
            drift=drift,
            **self._judged(),
        )

    def _weights(self, lengths: Numbers, half_life: float | None) -> tuple[Numbers, float]:
        """What each event stands for, and which share of the stretch counts.

        `lengths` says how many events of the log are nearest to each, and so about as old.
        """
        chosen = self.chosen
        fresh = _freshness(chosen.ages, half_life)
        counted = lengths * fresh
        exposures = [counted[chosen.releases == epoch.release].sum() for epoch in self.epochs]
        chances = _average_chances(chosen, self.epochs, np.array(exposures, np.float64))
        return fresh / chances, float(counted.sum() / lengths.sum()) if lengths.size else 1.0

    def _drift(self) -> ScoreDrift | None:
        """How the scores drift, where that is faster than the half-life.

        An event weighs by its chance under its own release: it stands for events of that time, not
        of all. Releases that drew nothing from some scores are left out: of these it is not known
        what moved.
        """
        chosen, weights = self.chosen, np.zeros(self.chosen.scores.size)
        for epoch in self.epochs:
            if epoch.sampling is None or not epoch.sampling.whole:
                continue
            here = chosen.releases == epoch.release
            drawn = here & (chosen.scores < chosen.thresholds)
            weights[here] = 1.0
            weights[drawn] = 1 / ReviewSampler(0, epoch.sampling).rates(chosen.scores[drawn])
        seen = weights > 0
        found = score_drift(chosen.scores[seen], chosen.ages[seen], weights[seen])
        if found is not None and found.half_life < (self.half_life or np.inf):
            return found
        return None

    def _judged(self) -> dict[str, Any]:
        """What the answers say of each event, as fields of `Reviewed`."""
        count, answers = self.chosen.scores.size, self.answers
        said = answers.where(answers.independent >= 0)
        with_second = np.bincount(said.items, said.blind, minlength=count) > 0
        alerted = self.chosen.scores >= self.chosen.thresholds
        found = truth(
            self.chosen.scores,
            Said(
                items=said.items,
                analysts=said.analysts,
                real=said.independent == 1,
                blind=said.blind,
                # Which alerts are asked about again does not depend on the first answer.
                judged=said.blind | (with_second & alerted)[said.items],
            ),
            (answers.items, answers.analysts, answers.real),
        )
        told: dict[str, Any]
        if found is not None and found.wrong <= MOST_WRONG:
            told = {"anomaly": found.real, "trust": np.ones(count)}
            told |= {"foreseen": found.foreseen, "less": found.less}
        else:
            anomaly, trust = _agreed(answers, count)
            told = {"anomaly": anomaly, "trust": trust, "foreseen": None, "less": None}
        wrong = None if found is None else found.wrong
        return told | {"wrong": wrong, "second_opinions": int(said.blind.sum())}


def _freshness(ages: Numbers, half_life: float | None) -> Numbers:
    if half_life is None:
        return np.ones(ages.shape)
    return np.maximum(0.5 ** (ages / half_life), 1e-6)


def _lengths(chosen: Chosen) -> Numbers:
    """How many events of the log each chosen one stands nearest to, by the offsets, (n,).

    A partition's log is cut halfway between two chosen events that follow each other.
    """
    lengths = np.zeros(chosen.scores.size)
    for place in np.unique(chosen.places):
        here = np.flatnonzero(chosen.places == place)
        here = here[np.argsort(chosen.offsets[here], kind="stable")]
        offsets = chosen.offsets[here].astype(np.float64)
        inner = (offsets[1:] + offsets[:-1]) / 2
        edges = np.concatenate(([offsets[0] - 0.5], inner, [offsets[-1] + 0.5]))
        lengths[here] = np.diff(edges)
    return lengths


def events_per_hour(chosen: Chosen) -> float | None:
    """How many events an hour came, by the offsets of what was chosen; None where it is unknown.

    Of k events that were chosen at random in a stretch, the first and the last lie a share of
    (k - 1) / (k + 1) of it apart: a partition's span of offsets, and the span of time of all, are
    stretched by that. A partition with a single event counts for as much as the others.
    """
    span = float(np.ptp(chosen.ages)) if chosen.ages.size else 0.0
    if span == 0:
        return None
    found, events = 0, 0.0
    places = np.unique(chosen.places)
    for place in places:
        offsets = chosen.offsets[chosen.places == place]
        if offsets.size > 1:
            found += 1
            events += float(np.ptp(offsets)) * (offsets.size + 1) / (offsets.size - 1)
    hours = span * (chosen.ages.size + 1) / (chosen.ages.size - 1)
    return events / hours * places.size / found if found else None


def _average_chances(chosen: Chosen, epochs: tuple[Epoch, ...], exposures: Numbers) -> Numbers:
    """The chance of each event to be chosen, on average over the releases, (n,)."""
    summed = np.zeros(chosen.scores.size)
    for epoch, exposure in zip(epochs, exposures, strict=True):
        if exposure > 0:
            summed += exposure * _chances(chosen, epoch)
    total = exposures.sum()
    chances: Numbers = summed / total if total else np.ones(chosen.scores.size)
    return chances


def _chances(chosen: Chosen, epoch: Epoch) -> Numbers:
    """The chance of each event to be chosen if it had come under this release, (n,)."""
    scores = chosen.scores
    if epoch.threshold is not None:
        alerted = (scores >= epoch.threshold).astype(np.float64)
    else:
        own = np.sort(chosen.thresholds[chosen.releases == epoch.release])
        alerted = np.searchsorted(own, scores, side="right") / max(own.size, 1)
    if epoch.sampling is None:
        return alerted
    drawn = ReviewSampler(0, epoch.sampling).rates(scores)
    return alerted + (1 - alerted) * drawn


def _agreed(answers: Answers, count: int) -> tuple[Numbers, Numbers]:
    """The share of analysts who call each event an anomaly, NaN without any; and their trust."""
    asked = np.bincount(answers.items, minlength=count).astype(np.float64)
    real = np.bincount(answers.items, answers.real, minlength=count)
    anomaly = np.divide(real, asked, out=np.full(count, np.nan), where=asked > 0)
    return anomaly, np.nan_to_num(np.abs(2 * anomaly - 1))
