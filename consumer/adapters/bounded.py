"""A call that must not hold the loop for ever."""

import threading
from collections.abc import Callable


def within(seconds: float, call: Callable[[], None]) -> None:
    """Run `call` and return when it did; what it raises is raised here.

    The client's own time-outs do not always hold: `send_offsets_to_transaction` can wait for ever
    on a coordinator that went away (librdkafka 5456, 5511). The thread that waits is left behind.

    Raises:
        TimeoutError: it took longer than `seconds`; its outcome is unknown.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # handed to the caller below
            raised.append(error)

    thread = threading.Thread(target=run, name="transaction", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no end within {seconds:g} s")
    if raised:
        raise raised[0]
