"""How often an answer is wrong, told by second opinions, and what events are for all that."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Answered = tuple[Integers, Integers, Booleans]
"""Of answers: the events, the analysts, and whether they say real."""

ASKED_AGAIN = 0.05
"""Of what was answered, the share that is shown to a second analyst."""
CONFIRMATIONS = 3
"""Analysts who are asked about a confirmed sample, as long as they agree."""
MOST_WRONG = 0.25
"""Share of wrong answers beyond which it cannot be told whose they are."""
LEAST_SECOND = 20
"""Second opinions below which each answer is taken as right."""
_USUAL = 0.05
"""Share of wrong answers to begin with, and at most that of an analyst of whom nothing is known."""
_KNOWN = 10.0
"""Second opinions after which an analyst's own count for half."""
_JEFFREYS = 0.5
_COIN = 0.5
"""Who is wrong more often than this is taken to say nothing."""
_ROUNDS, _STEPS, _HALVINGS = 8, 30, 12
_FAR = 60.0
_EDGE = 1e-6
_SMALL = 1e-7
"""Gain in log likelihood at which it is good enough."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What analysts said before they knew of each other's answers; arrays of shape (k,).

    Attributes:
        items: the event of each answer.
        analysts: who gave it.
        real: whether it says so.
        blind: whether it is a second opinion.
        judged: whether it tells how often its analyst is wrong: that the event was answered twice
            may not depend on this answer.
    """

    items: Integers
    analysts: Integers
    real: Booleans
    blind: Booleans
    judged: Booleans


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers make of each event; arrays of shape (n,), NaN without an answer.

    Attributes:
        real: the chance that the event is real.
        foreseen: the same by the score alone.
        less: what `real` loses (or gains, below 0) if answers are wrong more often than estimated,
            by one standard error of the estimate.
        wrong: the estimated share of wrong answers; above `MOST_WRONG` nobody can tell who of
            two is right, and the other figures mean nothing.
    """

    real: Numbers
    foreseen: Numbers
    less: Numbers
    wrong: float


def truth(scores: Numbers, said: Said, now: Answered) -> Truth | None:
    """The likeliest truth behind answers of which some are wrong; None with few second opinions.

    An analyst's answer is wrong with a chance e, whatever the event is. With p the share of real
    ones at its score, which does not fall as the score rises, an event is real with the chance

        r = p L / (p L + 1 - p),    L = product over its answers of ((1 - e) / e)^(+1 real, -1 not)

    The shares p are the likeliest ones: those with the largest sum of log(1 - p + p L). Their order
    is kept by an isotonic regression in each of Newton's steps (iterative convex minorant). Of an
    analyst's judged answers each is wrong with chance 1 - r or r; with E the sum of these over n
    answers, and m that share for all analysts, 0.05 at most,

        e = (E + 10 m) / (n + 10)

    and 1/2 at most: who contradicts the others throughout is not heard. First answers on samples
    are not judged, since a sample is answered again because it was confirmed; for p and r that does
    not matter, as long as it depends on answers alone. Answers that were changed once others' were
    known do not count for p and e: they agree too well. The chances that are returned are by what
    is said now.

    How often answers are wrong is itself only estimated: with w that share of all n judged answers,
    its variance is w (1 - w) / n, and `less` is what all this gives with each e larger by the root.

    It fails where analysts err on the same events, where most are wrong together, and where real
    ones are overlooked more often than others are confirmed, or less.

    Args:
        scores: of the events, (n,).
        said: their answers before any was known to others, one an analyst and event.
        now: events, analysts and answers as they are now.

    Sources: Dawid, Skene, "Maximum likelihood estimation of observer error-rates using the EM
    algorithm", Applied Statistics 28, 1979; Rogan, Gladen, "Estimating prevalence from the results
    of a screening test", American Journal of Epidemiology 107, 1978 (the same with one answer
    each); Groeneboom, Wellner, "Information bounds and nonparametric maximum likelihood
    estimation", 1992 (iterative convex minorant).
    """
    if int(said.blind.sum()) < LEAST_SECOND:
        return None
    answered = np.flatnonzero(np.bincount(said.items, minlength=scores.size))
    levels, places = np.unique(scores[answered], return_inverse=True)
    again, by = said.items[said.judged], said.analysts[said.judged]
    against = ~said.real[said.judged]
    people = 1 + max(int(said.analysts.max()), int(now[1].max(initial=0)))
    count = np.bincount(by, minlength=people)
    wrong, shares = np.full(people, _USUAL), np.full(levels.size, 0.5)
    real = np.zeros(scores.size)
    for _ in range(_ROUNDS):
        odds = _odds(scores.size, (said.items, said.analysts, said.real), wrong)[answered]
        shares = _likeliest(odds, places, shares)
        real[answered] = _chances(shares[places], odds)
        errors = np.bincount(by, np.where(against, real[again], 1 - real[again]), minlength=people)
        of_all = (errors.sum() + _JEFFREYS) / (count.sum() + 2 * _JEFFREYS)
        wrong = np.minimum((errors + _KNOWN * min(of_all, _USUAL)) / (count + _KNOWN), _COIN)
    known = np.bincount(now[0], minlength=scores.size) > 0
    foreseen = np.interp(scores, levels, shares)
    real = _chances(foreseen, _odds(scores.size, now, wrong))
    more = np.minimum(wrong + np.sqrt(of_all * (1 - of_all) / (count.sum() + 1)), _COIN)
    odds = _odds(scores.size, (said.items, said.analysts, said.real), more)[answered]
    lower = np.interp(scores, levels, _likeliest(odds, places, shares))
    less = real - _chances(lower, _odds(scores.size, now, more))
    return Truth(
        real=np.where(known, real, np.nan),
        foreseen=np.where(known, foreseen, np.nan),
        less=np.where(known, less, np.nan),
        wrong=float(wrong[said.analysts].mean()),
    )


def _odds(count: int, answers: Answered, wrong: Numbers) -> Numbers:
    """L of each of so many events."""
    items, analysts, real = answers
    says = np.where(real, 1.0, -1.0) * np.log((1 - wrong) / wrong)[analysts]
    return np.exp(np.clip(np.bincount(items, says, minlength=count), -_FAR, _FAR))


def _chances(shares: Numbers, odds: Numbers) -> Numbers:
    return np.asarray(shares * odds / (shares * (odds - 1) + 1))


def _likeliest(odds: Numbers, places: Integers, shares: Numbers) -> Numbers:
    """The likeliest shares that do not fall, one a place, from these on."""
    gains = odds - 1

    def likelihood(at: Numbers) -> float:
        return float(np.log1p(at[places] * gains).sum())

    shares = np.clip(shares, _EDGE, 1 - _EDGE)
    best = likelihood(shares)
    for _ in range(_STEPS):
        slopes = gains / (1 + shares[places] * gains)
        slope, bend = (
            np.bincount(places, each, minlength=shares.size) for each in (slopes, slopes**2)
        )
        bend = np.maximum(bend, _EDGE**2)
        aim = isotonic_regression(shares + slope / bend, weights=bend).x
        step = np.clip(aim, _EDGE, 1 - _EDGE) - shares
        for _ in range(_HALVINGS):
            found = likelihood(shares + step)
            if found > best:
                break
            step /= 2
        else:
            return shares
        shares, gained, best = shares + step, found - best, found
        if gained < _SMALL:
            return shares
    return shares


def wrong_words(wrong: float | None, second_opinions: int) -> str:
    """What is known of wrong answers."""
    if wrong is None:
        return f"answers taken as right: {second_opinions} of {LEAST_SECOND} second opinions"
    if wrong > MOST_WRONG:
        return (
            f"{second_opinions} second opinions contradict so often that nobody can tell who is "
            "right: answers count by agreement"
        )
    return f"about {wrong:.0%} of the answers wrong, by {second_opinions} second opinions"
