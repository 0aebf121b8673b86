#!/bin/sh
# Managed by hatui. ocf:hatui:service, a resource agent for Pacemaker (OCF Resource Agent API 1.1): a unit of systemd,
# which is asked whether it answers. systemd's own word for a unit says only that its process is there.
#
# A start never waits longer than 30 s: while an agent starts, the node's other resources wait. A service that needs
# longer is still starting then, and the monitor gives it its time (`startup`) until it has answered once.
# A stop ends with SIGKILL after 5 s, so that it never fails for a process that hangs.
# Of a unit that leaves processes behind when it stops (KillMode=process), its own one alone is asked and killed: the
# others are what serves.
# An answer has 2 s, and on a machine with more to do than it has cores as many times that: it is slow, not dead.

: "${OCF_ROOT=/usr/lib/ocf}"
: "${OCF_FUNCTIONS_DIR=$OCF_ROOT/lib/heartbeat}"
. "$OCF_FUNCTIONS_DIR/ocf-shellfuncs"

START=30
unit=$OCF_RESKEY_unit
ask=$OCF_RESKEY_ask
startup=${OCF_RESKEY_startup:-300}
answered=$HA_RSCTMP/hatui-$OCF_RESOURCE_INSTANCE.answered

described() {
    cat <<END
<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="service" version="1.0">
<version>1.1</version>
<longdesc lang="en">A unit of systemd. Its monitor asks it over HTTP, where it is told how, or looks for stopped processes.</longdesc>
<shortdesc lang="en">A unit of systemd that is asked whether it answers</shortdesc>
<parameters>
<parameter name="unit" unique="0" required="1">
<longdesc lang="en">The unit, such as keystone.service.</longdesc>
<shortdesc lang="en">unit</shortdesc><content type="string"/>
</parameter>
<parameter name="ask" unique="0" required="0">
<longdesc lang="en">A file of settings for curl(1) with a URL that must answer with 2xx or 3xx in 2 s, tried twice.</longdesc>
<shortdesc lang="en">how it is asked</shortdesc><content type="string" default=""/>
</parameter>
<parameter name="startup" unique="0" required="0">
<longdesc lang="en">Seconds after its start in which it may not have answered yet.</longdesc>
<shortdesc lang="en">time to start</shortdesc><content type="integer" default="300"/>
</parameter>
</parameters>
<actions>
<action name="start" timeout="120s"/>
<action name="stop" timeout="120s"/>
<action name="monitor" timeout="120s" interval="5s" depth="0"/>
<action name="meta-data" timeout="5s"/>
<action name="validate-all" timeout="20s"/>
</actions>
</resource-agent>
END
}

# Sets: active, job (its number while systemd starts or stops it), run (which of its starts), group, age in seconds,
# own (the process that is all there is of it; empty: its whole group is).
look() {
    active='' job='' run='' group='' since='' main='' own=''
    while IFS='=' read -r key value; do
        case $key in
            ActiveState) active=$value ;;
            Job) job=$value ;;
            InvocationID) run=$value ;;
            ControlGroup) group=$value ;;
            InactiveExitTimestampMonotonic) since=$value ;;
            MainPID) main=$value ;;
            KillMode) [ "$value" != process ] || own=1 ;;
        esac
    done <<END
$(systemctl show -p ActiveState,Job,InvocationID,ControlGroup,InactiveExitTimestampMonotonic,MainPID,KillMode "$unit")
END
    [ -z "$own" ] || own=${main:-0}
    age=$(($(seconds) - ${since:-0} / 1000000))
}

seconds() {
    cut -d. -f1 /proc/uptime
}

asked() {
    busy=$(($(cut -d. -f1 /proc/loadavg) / $(nproc)))
    [ $busy -ge 1 ] || busy=1
    [ $busy -le 10 ] || busy=10
    curl -q -s -f -m $((2 * busy)) -o /dev/null -K "$ask"
}

answers() {
    # A process that was stopped does nothing (proc(5), state T), and most of what is watched can't be asked.
    stopped=$([ -n "$own" ] && echo "/proc/$own/status" ||
        sed 's,.*,/proc/&/status,' "/sys/fs/cgroup$group/cgroup.procs" 2>/dev/null)
    # shellcheck disable=SC2086 (a list of paths)
    ! grep -q '^State:[[:space:]]T' $stopped /dev/null 2>/dev/null || return 1
    [ -z "$ask" ] || asked || asked
}

monitored() {
    look
    case $active in
        # Whoever restarts it by systemctl is let do so.
        activating | deactivating | refreshing) return $OCF_SUCCESS ;;
        active | reloading) ;;
        *)
            [ "${job:-0}" = 0 ] || return $OCF_SUCCESS
            return $OCF_NOT_RUNNING
            ;;
    esac
    if answers; then
        [ "$(cat "$answered" 2>/dev/null)" = "$run" ] || echo "$run" >"$answered"
        return $OCF_SUCCESS
    fi
    ocf_is_probe && return $OCF_SUCCESS
    if [ "$(cat "$answered" 2>/dev/null)" != "$run" ] && [ "$age" -lt "$startup" ]; then
        ocf_log info "$unit runs for $age s and has not answered yet"
        return $OCF_SUCCESS
    fi
    ocf_exit_reason "$unit runs, and does not answer${ask:+ (curl -K $ask)}"
    return $OCF_ERR_GENERIC
}

started() {
    look
    [ "$active" != active ] || { answers && return $OCF_SUCCESS; }
    systemctl reset-failed "$unit" 2>/dev/null
    systemctl start --no-block "$unit" || return $OCF_ERR_GENERIC
    end=$(($(seconds) + START))
    while [ "$(seconds)" -lt $end ]; do
        sleep 1
        look
        case $active in
            active) answers && { echo "$run" >"$answered"; return $OCF_SUCCESS; } ;;
            activating | reloading) ;;
            *)
                [ "${job:-0}" = 0 ] || continue
                ocf_exit_reason "$unit did not start: $(journalctl -q -o cat -u "$unit" -n 1 | cut -c1-200)"
                return $OCF_ERR_GENERIC
                ;;
        esac
    done
    ocf_log info "$unit has not answered within $START s of its start: its monitor goes on asking"
    return $OCF_SUCCESS
}

idle() {
    look
    [ "${job:-0}" = 0 ] && { [ "$active" = inactive ] || [ "$active" = failed ]; }
}

stopped() {
    rm -f "$answered"
    idle || systemctl stop --no-block "$unit"
    begun=$(seconds)
    while ! idle; do
        sleep 0.5
        waited=$(($(seconds) - begun))
        [ $waited -lt 5 ] || systemctl kill -s KILL ${own:+--kill-whom=main} "$unit" 2>/dev/null
        if [ $waited -ge 90 ]; then
            ocf_exit_reason "$unit is still $active $((waited - 5)) s after its processes were killed"
            return $OCF_ERR_GENERIC
        fi
    done
    systemctl reset-failed "$unit" 2>/dev/null
    return $OCF_SUCCESS
}

case $1 in
    meta-data)
        described
        exit $OCF_SUCCESS
        ;;
    usage | help)
        echo "usage: $0 start|stop|monitor|validate-all|meta-data"
        exit $OCF_SUCCESS
        ;;
esac
if [ -z "$unit" ]; then
    ocf_exit_reason "the parameter unit is missing"
    exit $OCF_ERR_CONFIGURED
fi
case $1 in
    start) started ;;
    stop) stopped ;;
    monitor) monitored ;;
    validate-all) [ "$(systemctl show -p LoadState --value "$unit")" = loaded ] || exit $OCF_ERR_INSTALLED ;;
    *) exit $OCF_ERR_UNIMPLEMENTED ;;
esac
exit $?
