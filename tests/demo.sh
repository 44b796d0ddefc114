#!/bin/sh
# What `make demo` shows: the example fleet validated, rendered and published, then one value changed and the difference shown.
set -eu
BIN=${BIN:-.venv/bin}
composer="$BIN/composer"
step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

step "1. Validate every site"
run "$composer" validate

step "2. Render the branch's files of every site to out/manifests"
run "$composer" render

step "3. Publish: one Git branch per site in out/delivery.git"
run "$composer" publish --allow-dirty
run git --git-dir=out/delivery.git branch --list --verbose

step "4. Publish again: nothing changed, so nothing is written"
run "$composer" publish --allow-dirty

step "5. Change one value in a copy of the fleet, and see what publishing it would change"
rm -rf out/copy && mkdir -p out/copy/out
cp -R sites out/copy/sites
ln -s ../../delivery.git out/copy/out/delivery.git
sed -i 's/maxConnections: 2000/maxConnections: 2500/' out/copy/sites/eu/de/berlin-01.yaml
run "$composer" -C out/copy diff berlin-01

step "What to try next"
cat <<TXT
  $composer explain berlin-01 Deployment/ingress spec.template.spec.containers.0.image
  $composer diff --format unified              # after editing a file below sites/
  git --git-dir=out/delivery.git ls-tree -r --name-only site/berlin-01
  kubectl kustomize out/manifests/berlin-01    # the whole site, as kubectl would apply it
  $composer --help
TXT
