"""How large everything has to be: what the site's documents ask for, figures that follow, and what does not fit."""
