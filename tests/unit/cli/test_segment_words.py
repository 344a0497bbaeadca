"""Precision by segment as people read it."""

from typing import Any

from cli.segment_words import segment_lines
from feedback_api.representations.segments import Segments


def segments(**changes: Any) -> Segments:
    told: dict[str, Any] = {
        "detector": "payments",
        "threshold": 0.7,
        "confidence": 0.9,
        "total": 3,
        "alike": False,
        "reason": "segments differ",
        "segments": [
            {
                "entity": "acct\x1b[31m",
                "alerts": 1200,
                "answers": 40,
                "precision": {"value": 0.8, "lower": 0.7, "upper": 0.88},
                "borrowed": 0.25,
            },
            {
                "entity": None,
                "alerts": 3,
                "answers": 0,
                "precision": {"value": 0.7, "lower": 0.3, "upper": 0.95},
                "borrowed": 1.0,
            },
        ],
    }
    return Segments.model_validate(told | changes)


def test_each_segment_is_a_line() -> None:
    """Counts, precision, what is borrowed; what a terminal would act on is taken out."""
    assert segment_lines(segments()) == [
        "payments: precision by entity at threshold 0.7000",
        "  segments differ",
        "   alerts  answers  precision             borrowed  entity",
        "    1,200       40  80% (70% to 88%)           25%  acct?[31m",
        "        3        0  70% (30% to 95%)          100%  (none named)",
        "  and 1 with fewer alerts; --limit shows more",
        "  90% intervals; borrowed: the part of an estimate that comes from the other segments",
    ]


def test_nothing_known_is_said_without_a_table() -> None:
    """Only the reason is left; before any event there is no threshold either."""
    assert segment_lines(segments(threshold=None, total=0, alike=None, segments=[])) == [
        "payments: precision by entity",
        "  segments differ",
    ]


def test_without_answers_there_is_no_estimate() -> None:
    """Alerts are counted, their precision is unknown."""
    nothing = {"value": None, "lower": None, "upper": None}
    row = {"entity": "a", "alerts": 2, "answers": 0, "precision": nothing, "borrowed": None}
    lines = segment_lines(segments(total=1, segments=[row]))
    assert lines[-1] == "        2        0  unknown                      -  a"
