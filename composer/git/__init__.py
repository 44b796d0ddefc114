"""Everything that is done with Git. Only composer.git.process runs it, through GitPython.

What comes from documents (names, paths, revisions) travels on standard input or behind a fixed prefix such as
``refs/heads/``, never where git looks for options.
"""
