"""`make bench-capacity`: what the rendered broker really needs, beside what the composer works out for it."""
