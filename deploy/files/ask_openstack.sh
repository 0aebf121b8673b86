#!/bin/sh
# Managed by hatui. ask-openstack SECONDS CALL: makes the call that the settings CALL of curl(1) describe, with a token of
# the user that watches. Prints the HTTP status and the seconds that it took, and in a second line, after "Body=", what it
# brought, where the settings keep it. Ends as curl does; with 3 where there is no token.
# One token serves all calls of this host: each costs keystone a third of a second of processor time.
set -u
umask 077
line='
'
seconds=$1
call=$2
login=/etc/hatui/openstack.login
token=/run/hatui/openstack.token
# A token is good for an hour. It is renewed behind the calls before that, so that none of them waits.
renew=3000

# One from the future was made before the clock was set: it is too old, too.
age() {
    old=$(($(date +%s) - $(stat -c %Y "$token" 2>/dev/null || echo 0)))
    [ "$old" -ge 0 ] || old=999999
    echo "$old"
}

# fetch SECONDS AGE: have a token that is not older than that. Several calls at a time want one: the first gets it.
fetch() {
    exec 9>"$token.lock"
    flock -w "$1" 9 || return 1
    [ "$(age)" -gt "$2" ] || return 0
    new=$(curl -qs -m "$1" -D - -o /dev/null -K "$login" | sed -n 's/^x-subject-token: *\([A-Za-z0-9_=-]*\)\r*$/\1/ip')
    [ -n "$new" ] || return 1
    printf 'header = "X-Auth-Token: %s"\n' "$new" >"$token.new" && mv -f "$token.new" "$token"
}

ask() { curl -qs -m "$1" -w '\n%{http_code} %{time_total}' -K "$call" -K "$token"; }

tell() {
    printf '%s\nBody=%s\n' "${said##*"$line"}" "$(printf %s "${said%"$line"*}" | tr -d '\r\n')"
    exit "$code"
}

mkdir -p /run/hatui
if [ -e "$token" ]; then
    [ "$(age)" -le "$renew" ] || (fetch 10 "$renew" >/dev/null 2>&1 </dev/null &)
    said=$(ask "$seconds")
    code=$?
    case ${said##*"$line"} in
    401*) ;;
    *) tell ;;
    esac
fi
# There was none, or keystone does not take it any longer: its keys were made anew, say.
fetch 2 5 || exit 3
said=$(ask 2)
code=$?
tell
