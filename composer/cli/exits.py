"""What the exit codes mean. "There are changes" and "it was used wrongly" never share one."""

DONE = 0
FINDINGS = 1
USAGE = 2
SOME_FAILED = 3
STALE = 4
REFUSED = 5
CHANGES = 10
BUG = 70
INTERRUPTED = 130


def partly(done: int, failed: int) -> int:
    """The code for work on many sites of which some failed."""
    if not failed:
        return DONE
    return SOME_FAILED if done else FINDINGS
