"""Times as resources show them."""

import time
from datetime import UTC, datetime


def shown_time(moment: datetime) -> str:
    """Return a time as Google prints it: none, three or six digits after the second."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    digits = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    digits = digits if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=digits).replace("+00:00", "Z")


def moment(generation: int) -> str:
    """Return the time that a generation stands for, as resources show it."""
    then = datetime.fromtimestamp(generation // 1000 / 1000, UTC)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown_seconds(seconds: float) -> str:
    """Return a time of the system's clock, which many requests need: without a datetime."""
    milliseconds = int(seconds * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{whole}.{milliseconds % 1000:03d}Z"
