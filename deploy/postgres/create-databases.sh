#!/bin/sh
# Run once, by the image, when the data folder is empty: a database for each of the hub's contexts.
set -eu
for name in cloudphone_events cloudphone_core cloudphone_billing cloudphone_analytics; do
  createdb -U "$POSTGRES_USER" "$name"
done
