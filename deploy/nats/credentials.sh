#!/bin/sh
# Makes a random password for each service and the observer, once: /credentials/<name>.password for
# whoever signs in, and /credentials/passwords.conf for the broker. Delete a file to have it made anew.
set -eu
umask 077
cd /credentials
for name in prober detector notifier console observer; do
  if [ ! -s "$name.password" ]; then
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$name.password"
  fi
done
for name in prober detector notifier console observer; do
  printf '%s_password: "%s"\n' "$name" "$(cat "$name.password")"
done > passwords.conf.new
mv passwords.conf.new passwords.conf
# The services run as another account than the broker.
chmod 0644 ./*.password passwords.conf
