"""Repeated log lines of a library."""

import logging

from floodline.telemetry.quiet import OncePerInterval
from tests.fakes.kafka import FakeClock


def line(text: str, *arguments: object) -> logging.LogRecord:
    """A log record."""
    return logging.LogRecord("kafka", logging.ERROR, "", 0, text, arguments, None)


def test_lines_that_differ_in_numbers_only_come_twice_a_minute() -> None:
    """A flood of one kind of line passes once in half a minute; other lines pass at once."""
    clock = FakeClock()
    quiet = OncePerInterval(clock)
    passed = 0
    for count in range(600):
        clock.seconds += 0.1
        passed += quiet.filter(line("FAIL broker 127.0.0.1:%d: refused after %d ms", 9092, count))
    assert passed == 2
    assert quiet.filter(line("FAIL broker 127.0.0.1:9092: closed by peer"))
    assert not quiet.filter(line("FAIL broker 127.0.0.1:9093: closed by peer"))


def test_old_kinds_are_forgotten() -> None:
    """Lines of ever new kinds do not pile up in memory."""
    clock = FakeClock()
    quiet = OncePerInterval(clock)
    for letter in range(10_000):
        clock.seconds += 1
        assert quiet.filter(line("x" * (letter % 100) + chr(0x4E00 + letter)))
    assert len(quiet._passed) <= 30
