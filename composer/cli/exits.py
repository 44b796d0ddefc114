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
