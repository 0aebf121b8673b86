#!/bin/sh
# Managed by hatui. ask-openstack SECONDS LIMIT CALL [WITHOUT]: makes the call that the settings CALL of curl(1) describe,
# with a token of the user that watches, or WITHOUT one. It has LIMIT seconds; who asks waits for SECONDS of them, and who
# asks while one is unanswered waits for the same.
# Prints curl's exit code, the HTTP status and the seconds that it took, and in a second line, after "Body=", what it
# brought, where the settings keep it. Instead: "waiting SECONDS", since it was asked, and after it what was answered last,
# within a minute, as "Last=" before the same two lines; "no-token", where there is none.
# One token serves all calls of this host: each costs keystone a third of a second of processor time.
set -u
umask 077
seconds=$1
limit=$2
call=$3
without=${4:-}
login=/etc/hatui/openstack.login
token=/run/hatui/openstack.token
said=/run/hatui/${call##*/}.said
# Minutes. A token is good for 60. It is renewed behind the calls before that, so that none of them waits.
renew=50
line='
'

# young MINUTES: whether the token is there and not older. One from the future was made before the clock was set: it is not.
young() { [ -n "$(find "$token" -mmin "-$1" -mmin +-1 2>/dev/null)" ]; }

# fetch MINUTES: have a token that is not older than that. Several calls at a time want one: the first gets it.
fetch() (
    exec 9>"$token.lock"
    flock -w "$limit" 9 || exit 1
    ! young "$1" || exit 0
    new=$(curl -qs -m "$limit" -D - -o /dev/null -K "$login" | sed -n 's/^x-subject-token: *\([A-Za-z0-9_=-]*\)\r*$/\1/ip')
    [ -n "$new" ] || exit 1
    printf 'header = "X-Auth-Token: %s"\n' "$new" >"$token.new" && mv -f "$token.new" "$token"
)

ask() {
    told=$(curl -qs -m "$limit" -w '\n%{http_code} %{time_total}' -K "$call" "$@")
    told="$? ${told##*"$line"}${line}Body=$(printf %s "${told%"$line"*}" | tr -d '\r\n')"
}

answer() {
    if [ -n "$without" ]; then
        ask
        return
    fi
    told=no-token
    [ -e "$token" ] || fetch "$renew" || return 0
    ask -K "$token"
    case $told in
    # Its keys were made anew, say: keystone does not take it any longer.
    "0 401 "*)
        told=no-token
        if fetch 0.1; then ask -K "$token"; fi
        ;;
    esac
}

[ -d /run/hatui ] || mkdir -p /run/hatui
if [ "${5:-}" = behind ]; then
    answer
    printf '%s\n' "$told" >"$said.new" && mv -f "$said.new" "$said"
    # Who asked could not wait for it: that it is there now is a hint to ask again.
    [ ! -e "$said.owed" ] || mv -f "$said.owed" "$said.late"
    # Who waits has the answer now.
    exec 8>&-
    [ -n "$without" ] || young "$renew" || fetch "$renew"
    exit
fi

# show [WORD]: what was answered, its first line after WORD.
show() { sed "1s/^/${1:-}/" "$said"; }

# An answer that came late is given to who asks next.
if late=$(find "$said.late" -mmin -1 2>/dev/null) && rm -f "$said.late" && [ -n "$late" ]; then
    show
    exit
fi
exec 8>"$said.lock"
if flock -n 8; then
    : >"$said.asked"
    # Not ended with who asks: an answer that comes late is not asked for twice.
    setsid sh "$0" "$seconds" "$limit" "$call" "$without" behind >/dev/null 2>&1 </dev/null &
fi
exec 8>&-
if flock -w "$seconds" "$said.lock" true; then
    show
else
    : >"$said.owed"
    echo "waiting $(($(date +%s) - $(stat -c %Y "$said.asked")))"
    [ -z "$(find "$said" -mmin -1 2>/dev/null)" ] || show Last=
fi
