#!/bin/bash
# Runs in the guest that `.ci/deploy boot` boots: starts the unit, asks the server, freezes it until the watchdog notices, stops
# it. The report ends with "all is well".
set -euo pipefail
show() { systemctl show --property "$1" --value taper-serve; }
ask() {
  local body='{"instances": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 0]]}'
  exec 3<>/dev/tcp/127.0.0.1/8501
  printf 'POST /v1/models/model:predict HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n' >&3
  printf 'Authorization: Bearer 0123456789abcdef\r\nContent-Length: %s\r\n\r\n%s' ${#body} "$body" >&3
  cat <&3
  echo
}
trap 'systemctl poweroff' EXIT
exec >/report 2>&1

systemctl start taper-serve
process=$(show MainPID)
echo "ready as process $process, user $(show User)"
grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' "/proc/$process/status"
grep -q '^CapEff:.0*$' "/proc/$process/status"
ask | grep -F '"predictions"'

# Longer than WatchdogSec: signs of life arrive.
sleep 35
[ "$(show MainPID)" = "$process" ]
kill -STOP "$process"
for _ in $(seq 60); do
  [ "$(show NRestarts)" = 1 ] && [ "$(show SubState)" = running ] && break
  sleep 1
done
echo "frozen, and restarted $(show NRestarts) time"
[ "$(show MainPID)" != "$process" ]
ask | grep -F '"predictions"'

systemctl stop taper-serve
echo "stopped: $(show Result), exit code $(show ExecMainStatus)"
[ "$(show Result)" = success ]
echo "all is well"
