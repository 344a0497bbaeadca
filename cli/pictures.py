"""Where `--plot` puts a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.whole_file import check_option, unwritable, whole_file
from floodline.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg")


def check_plot(plot: Path | None) -> None:
    """Find out before any work whether the picture could be drawn there.

    Raises:
        ConfigurationError: it could not.
    """
    if plot is None:
        return
    if plot.suffix.lower() not in ENDINGS:
        raise ConfigurationError(
            f"--plot {plot}: its ending names no picture that is drawn here; end it in "
            f"{' or '.join(ENDINGS)}"
        )
    check_option("--plot", plot)


def save(plot: Path, picture: "Figure") -> None:
    """Write the picture, in the form that its ending names.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        with whole_file(plot) as target:
            picture.savefig(target, format=plot.suffix.lower().removeprefix("."))
    except OSError as error:
        raise unwritable("--plot", plot, error) from error
