#!/usr/bin/env bash
# The main job on a throwaway server that behaves like Azure's: every command is shown with what
# comes back, and each step is checked. Ends with 0 only if all of it was as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$PWD/build/release/src/command
work=$(mktemp -d)
chmod 711 "$work"  # the server's own user has to pass
export PATH=$program:$PATH PGCONNECT_TIMEOUT=10 PGPASSFILE=$work/pgpass PSQLRC=$work/psqlrc
(umask 077 && : >"$PGPASSFILE")
echo '\set VERBOSITY verbose' >"$PSQLRC"  # shows the SQLSTATE
steps=0

end() {
  local status=$?
  [[ ! -d $work/sandbox ]] || pgrant sandbox stop --directory "$work/sandbox" --remove >/dev/null || true
  rm -rf "$work"
  if ((status == 0)); then
    printf '\n%d steps, all as they should be.\n' "$steps"
  else
    printf '\nThe demo stopped: something was not as it should be (see above).\n' >&2
  fi
}
trap end EXIT

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' cyan=$'\e[36m' plain=$'\e[0m'; else bold='' cyan='' plain=''; fi
title() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
say() { printf '   %s\n' "$1"; }

# show COMMAND…: the command as one would type it, then its output, which `last` keeps.
show() {
  steps=$((steps + 1))
  printf '\n%s$ %s%s\n' "$cyan" "$(quoted "$@")" "$plain"
  local status=0
  "$@" >"$work/out" 2>&1 || status=$?
  sed 's/^/  /' "$work/out"
  last=$(<"$work/out")
  return "$status"
}
quoted() {
  local word text=''
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:=@%+,-]+$ ]] && text+="$word " || text+="'${word//\'/\'\\\'\'}' "
  done
  printf '%s' "${text% }"
}
refused() { ! show "$@"; }
has() { [[ $last == *"$1"* ]] || { printf 'missing: %s\n' "$1" >&2; return 1; }; }
hasnt() { [[ $last != *"$1"* ]] || { printf 'unexpected: %s\n' "$1" >&2; return 1; }; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# Where somebody logs in over TLS; psql finds the password in a file, as one would do it.
login() { echo "host=localhost port=$port dbname=$2 user=$1 sslmode=verify-full sslrootcert=$ca"; }
remember() {  # remember USER PASSWORD
  printf '*:*:*:%s:%s\n' "$1" "$2" >>"$PGPASSFILE"
}

# What grace is and has, as the server says it.
state_of_grace() {
  psql -X -At "host=$socket port=$port user=azuresu dbname=postgres" -c "
    SELECT r.*, (SELECT array_agg(m::text ORDER BY m::text) FROM pg_auth_members m WHERE m.member = r.oid)
      FROM pg_roles r WHERE rolname = 'grace'"
}

title 'A throwaway server that behaves like Azure: the administrator is no superuser, TLS is required'
show pgrant sandbox start --directory "$work/sandbox"
status=$(pgrant sandbox status --directory "$work/sandbox" --json)
port=$(grep -o '"port": *[0-9]*' <<<"$status" | grep -o '[0-9]*$')
ca=$(field ca_file <<<"$status")
socket=$(field socket_directory <<<"$status")
server="host=localhost port=$port sslmode=verify-full sslrootcert=$ca dbname=postgres"
admin="$server user=pgadmin secret=file:$work/sandbox/passwords/pgadmin"
connector="$server user=apono_connector secret=file:$work/connector.password"

title '1. Check: how is the connection secured, who are we, what may we do?'
export PGRANT_DSN=$admin
show pgrant check
has TLSv1.3; has verify-full; has azure

title '2. Bootstrap: the connector that manages access from now on'
pgrant password --json | field password >"$work/connector.password"
chmod 600 "$work/connector.password"
show pgrant bootstrap --profile guide --connector apono_connector \
  --password-file "$work/connector.password" --creator app_owner --yes
has 'sales TO azure_pg_admin WITH GRANT OPTION'
has legacy
say 'A second bootstrap has nothing to do:'
show pgrant bootstrap --profile guide --connector apono_connector \
  --password-file "$work/connector.password" --creator app_owner --yes
hasnt 'CREATE ROLE'

title '3. Inventory, as the connector'
export PGRANT_DSN=$connector
show pgrant inventory
has shop; has billing

title '4. A policy with two bundles: plan, apply, and plan again'
show cat examples/policy.yaml
show pgrant plan examples/policy.yaml
show pgrant apply examples/policy.yaml --yes
say 'The second plan is empty:'
show pgrant plan examples/policy.yaml --check

title '5. Grant: a login for an hour, and a bundle for a role that exists'
before=$(state_of_grace)
show pgrant grant sales-read --to ada --for 1h --reason 'look at the orders of last week' --yes \
  --credentials-file "$work/ada.json"
lease=$(field id <"$work/ada.json")
user=$(field user <"$work/ada.json")
remember "$user" "$(field password <"$work/ada.json")"
say "ada logs in as $user over TLS, and reads:"
show psql "$(login "$user" shop)" -c 'SELECT name, since FROM sales.customers ORDER BY 1'
has 'Ada Lovelace'
say 'but cannot write:'
refused psql "$(login "$user" shop)" -c "INSERT INTO sales.customers (name) VALUES ('Mallory')"
has 42501
say 'grace is a role that exists; she gets the other bundle:'
show pgrant grant orders-write --to-role grace --for 30m --reason 'ticket 4711' --yes
remember grace "$(<"$work/sandbox/passwords/grace")"
show psql "$(login grace billing)" -c 'UPDATE invoices.invoices SET due_on = due_on WHERE number = 20260002'

title '6. The end: sessions, login, membership'
show pgrant leases
has ada; has grace
psql "$(login "$user" shop)" -c 'SELECT pg_sleep(60)' >"$work/session" 2>&1 &
session=$!
sleep 1
say "a session of $user is open when the lease is revoked:"
show pgrant revoke "$lease"
if wait "$session"; then echo 'the session was not ended' >&2; exit 1; fi
say 'what became of the session:'
show cat "$work/session"
has 57P01
say 'a new login is refused, because the role is gone:'
refused psql "$(login "$user" shop)" -c 'SELECT 1'
show psql -X -At "host=$socket port=$port user=azuresu dbname=postgres" \
  -c "SELECT count(*) AS roles_left FROM pg_roles WHERE rolname = '$user'"
[[ $last == 0 ]]
show pgrant revoke --grantee grace
say 'grace is exactly what she was before, and may no longer write:'
[[ $(state_of_grace) == "$before" ]]
refused psql "$(login grace billing)" -c 'UPDATE invoices.invoices SET due_on = due_on WHERE number = 20260002'
has 42501
show pgrant leases
