"""``python -m composer``: the same as the console script."""

from composer.cli.main import run

run()
