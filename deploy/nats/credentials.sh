#!/bin/sh
# Makes a random password for each service, the observer and the operator, once: /credentials/<name>.password, and
# /credentials/passwords.conf for the broker. Each service gets a copy of its own, and of no other, in
# /services/<name>, a volume that only it mounts. Delete a file of /credentials to have it made anew, and restart the
# broker and that service.
set -eu
umask 077
cd /credentials
for name in prober detector notifier console observer operator; do
  if [ ! -s "$name.password" ]; then
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$name.password"
  fi
done
for name in prober detector notifier console observer operator; do
  printf '%s_password: "%s"\n' "$name" "$(cat "$name.password")"
done > passwords.conf.new
mv passwords.conf.new passwords.conf
# Only the broker and this script see this directory.
chmod 0600 ./*.password passwords.conf
for name in prober detector notifier console; do
  cat "$name.password" > "/services/$name/password"
  # The services run as another account than this script.
  chmod 0644 "/services/$name/password"
done
