"""Training over a range: labels keep anomalies out, and never help to score what judges them."""

import random

import pytest

from floodline.detection.parameters import RiverProfile
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError
from floodline.events.decoding import Schema
from floodline.storage.labelled_alerts import EventLabel, RaisedAlert
from trainer.evaluation import cases, metrics, new_scores, truth
from trainer.gate import judge
from trainer.ports import OffsetRange, Record
from trainer.ranges import explicit_ranges, newest_ranges
from trainer.training import Sample, Trained, decoded, train

PARAMETERS = RiverProfile(trees=5, height=4, window=50, seed=1)


def samples(count: int) -> list[Sample]:
    chance = random.Random(3)
    return [
        Sample((i % 2, i // 2), i, {"x": chance.gauss(0, 1), "y": chance.gauss(5, 2)})
        for i in range(count)
    ]


def empty() -> Scorer:
    """A scorer that has seen nothing."""
    return Scorer.new(PARAMETERS, ("x", "y"))


def labelled(sample: Sample, score: float, anomaly: float | None) -> EventLabel:
    partition, offset = sample.place
    raised = RaisedAlert(score=score, threshold=min(0.5, score), release=0, anomaly=anomaly)
    return EventLabel(alert_id=f"{sample.place}", partition=partition, offset=offset, raised=raised)


def test_the_first_part_scores_as_a_scorer_that_skips_the_anomalies() -> None:
    """Each event is scored before it is learnt; anomalies are scored and not learnt."""
    events = samples(200)
    anomalies = {events[i].place for i in (80, 100, 120)}
    trained = train(events, empty(), anomalies, 0.25)
    assert trained.split == 150
    scorer = empty()
    rule = ThresholdRule(score=1.0)
    expected = [
        scorer.step(event.features, rule, learn=event.place not in anomalies).score
        for event in events[:150]
    ]
    assert trained.scores[:150].tolist() == expected
    assert trained.warm.tolist() == [i >= 50 for i in range(200)]


def test_labels_of_the_held_out_part_do_not_change_its_scores() -> None:
    """They change the model that is kept, not the scores that judge it."""
    events = samples(300)
    late = {event.place for event in events[250:280]}
    plain = train(events, empty(), set(), 0.25)
    knowing = train(events, empty(), late, 0.25)
    assert knowing.scores.tolist() == plain.scores.tolist()
    assert knowing.state != plain.state


def test_records_that_are_no_events_are_counted_and_skipped() -> None:
    """Only what the consumer could score is trained on."""
    records = [
        Record(0, 0, 1, b'{"x": 1}'),
        Record(0, 1, 2, b"nonsense"),
        Record(0, 2, 3, None),
        Record(0, 3, 4, b'{"x": 2.5}'),
    ]
    found, invalid = decoded(records, Schema(features=("x",)))
    assert invalid == 2
    assert [(each.place, each.features) for each in found] == [
        ((0, 0), {"x": 1.0}),
        ((0, 3), {"x": 2.5}),
    ]


def test_cases_are_the_labelled_events_that_were_scored_warm() -> None:
    """Unlabelled, split and warming-up events are left out."""
    events = samples(100)
    trained = train(events, empty(), set(), 0.2)
    labels = [
        labelled(events[10], 0.9, 1.0),  # warming up
        labelled(events[60], 0.9, 1.0),
        labelled(events[61], 0.8, None),
        labelled(events[62], 0.8, 0.5),
        labelled(events[90], 0.7, 1 / 3),
    ]
    found = cases(events, trained, labels)
    assert [case.sample.place for case in found] == [events[60].place, events[90].place]
    assert [case.held_out for case in found] == [False, True]
    assert truth(found).tolist() == [True, False]
    assert new_scores(found)[0] == trained.scores[60]


def judged(real_scores: list[float], false_scores: list[float], published: float = 0.9) -> str:
    """The gate's answer for held-out cases with these scores; published ones are all alike."""
    events = samples(len(real_scores) + len(false_scores) + 60)[60:]
    trained = train(samples(60 + len(events)), empty(), set(), 0.99)
    scores = [*real_scores, *false_scores]
    labels = [
        labelled(
            event, published + (0.05 if i < len(real_scores) else 0), float(i < len(real_scores))
        )
        for i, event in enumerate(events)
    ]
    trained.scores[60:] = scores
    found = cases(samples(60 + len(events)), Trained(b"", trained.scores, trained.warm, 0), labels)
    answer = judge(found, 10)
    return f"{answer.publish}: {answer.reason}"


def test_the_gate_publishes_what_is_not_clearly_worse() -> None:
    """By average precision on labelled held-out events, with a margin that is stated."""
    assert judged([0.9] * 10, [0.1] * 10).startswith("True: average precision 1.000")
    worse = judged([0.1] * 10, [0.9] * 10)
    assert worse.startswith("False: ")
    assert worse.endswith("(margin 0.05): clearly worse")


def test_the_gate_keeps_what_it_cannot_judge() -> None:
    """Too few labels, or all of one kind."""
    assert "are needed" in judged([0.9] * 3, [0.1] * 2)
    assert judged([0.9] * 20, []).endswith("all alike: no comparison")


def test_metrics_leave_out_what_the_labels_do_not_give() -> None:
    """One kind of label gives no curve; no label gives a count of 0."""
    events = samples(100)
    trained = train(events, empty(), set(), 0.2)
    only_real = cases(events, trained, [labelled(events[90], 0.9, 1.0)])
    found = metrics(truth(only_real), new_scores(only_real), 0.0)
    assert "pr_auc" not in found
    assert found["recall"] == 1
    assert metrics(truth([]), new_scores([]), 0.5) == {"labels": 0, "real": 0}


def test_ranges_are_the_newest_or_as_asked() -> None:
    """The newest of each partition; asked ones must be held by the log."""
    bounds = {0: (5, 100), 1: (0, 20)}
    assert newest_ranges(bounds, 50) == [OffsetRange(0, 50, 100), OffsetRange(1, 0, 20)]
    assert explicit_ranges(bounds, {0: 10}, {1: 15}) == [
        OffsetRange(0, 10, 100),
        OffsetRange(1, 0, 15),
    ]
    for starts, ends in (({0: 4}, {}), ({0: 100}, {}), ({}, {0: 101}), ({2: 0}, {})):
        with pytest.raises(ConfigurationError, match="partition"):
            explicit_ranges(bounds, starts, ends)
