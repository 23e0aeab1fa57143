#!/usr/bin/env bash
# Checks the files in this directory with the tools that will read them.
# A missing tool or right is a loud SKIP, never a silent pass; anything else that fails, fails.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
here=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
skipped=0

ok()   { printf '  ok    %s\n' "$*"; }
skip() { printf '  SKIP  %s\n' "$*"; skipped=$((skipped + 1)); }
fail() { printf '  FAIL  %s\n' "$*"; failed=$((failed + 1)); }
have() { command -v "$1" >/dev/null 2>&1; }

# nft and the systemd tools live in sbin on some systems, outside an ordinary user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# run DESCRIPTION COMMAND...: ok or fail by its status, with its output when it fails.
run() {
    local what=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then
        ok "$what"
    else
        fail "$what"
        sed 's/^/        /' "$tmp/out"
    fi
}

# same WHAT WANTED GOT
same() { if [ "$2" = "$3" ]; then ok "$1: $3"; else fail "$1: $3(wanted $2)"; fi; }

# --- units ------------------------------------------------------------------------------------

# What must hold whatever an analyser thinks of it.
line() { if grep -qxF "$2" "$1"; then ok "$1 has $2"; else fail "$1 lacks $2"; fi; }
line teamd.service 'Type=notify'
line teamd.service 'WatchdogSec=30s'
line teamd.service 'Restart=always'
line teamd.service 'StartLimitIntervalSec=0'
line teamd.service 'User=teamd'
line teamd.service 'PrivateUsers=no'
line teamd.service 'ProtectProc=default'
line teamd-sweep.service 'Type=oneshot'
line teamd-sweep.service 'User=teamd'
line teamd-sweep.service 'ProtectSystem=strict'
line teamd-sweep.timer 'OnCalendar=minutely'
if grep -qE '^(StateDirectory|ReadWritePaths|Requires|BindsTo)=' teamd-sweep.service; then
    fail 'teamd-sweep.service may write, or depends on another unit'
else
    ok 'teamd-sweep.service writes nothing and depends on no other unit'
fi
line teamd.socket 'SocketUser=root'
line teamd.socket 'SocketGroup=teamd-users'
line teamd.socket 'SocketMode=0660'
if grep -qE '^(RuntimeDirectory|DynamicUser)=' teamd.service; then
    fail 'teamd.service sets RuntimeDirectory= or DynamicUser='
else
    ok 'teamd.service has neither RuntimeDirectory= nor DynamicUser='
fi

# The exposure score of teamd.service is 1.4 with systemd 252. Other releases weigh differently.
if have systemd-analyze; then
    mkdir "$tmp/units"
    # The analyser wants the program to exist; it need not be installed here.
    for unit in teamd teamd-sweep; do
        sed 's|^ExecStart=/usr/bin/teamd .*|ExecStart=/bin/true|' "$unit.service" >"$tmp/units/$unit.service"
    done
    cp teamd.socket teamd-sweep.timer "$tmp/units/"
    run 'systemd-analyze verify' systemd-analyze verify "$tmp"/units/*
    # The same with every sample of a drop-in installed.
    cp -r "$tmp/units" "$tmp/with-drop-ins"
    for sample in *.service.d/*.conf.example; do
        mkdir -p "$tmp/with-drop-ins/${sample%/*}"
        cp "$sample" "$tmp/with-drop-ins/${sample%.example}"
    done
    # Of a drop-in it only says what is wrong.
    silent() { "$@" 2>&1 | tee /dev/stderr | { ! grep -q .; }; }
    run 'systemd-analyze verify with the samples of drop-ins' silent \
        systemd-analyze verify "$tmp/with-drop-ins/teamd.service"

    version=$(systemd-analyze --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    threshold=15
    [ "$version" = 252 ] || threshold=25
    for unit in teamd teamd-sweep; do
        if [ "${version:-0}" -lt 250 ]; then
            skip "systemd-analyze security: systemd ${version:-?} cannot review a file offline"
        elif systemd-analyze security --offline=true --no-pager --threshold="$threshold" \
            "$tmp/units/$unit.service" >"$tmp/out" 2>&1; then
            score=$(sed -n "s/.*$unit.service: *\([0-9.]*\) .*/\1/p" "$tmp/out")
            ok "exposure of $unit at most $threshold/10 (systemd $version): $score"
        else
            fail "exposure of $unit above $threshold/10 (systemd $version)"
            grep -v '✓' "$tmp/out" | sed 's/^/        /'
        fi
    done
else
    skip 'units: systemd-analyze is not installed'
fi

# --- users and directories --------------------------------------------------------------------

if have systemd-sysusers; then
    run 'systemd-sysusers --dry-run' systemd-sysusers --dry-run "$here/teamd.sysusers.conf"
else
    skip 'users: systemd-sysusers is not installed'
fi

if have systemd-sysusers && have systemd-tmpfiles && [ "$(id -u)" = 0 ]; then
    root=$tmp/root
    mkdir -p "$root/etc" "$root/run" "$root/var/lib"
    if systemd-sysusers --root="$root" "$here/teamd.sysusers.conf" >"$tmp/out" 2>&1 &&
        systemd-tmpfiles --root="$root" --create "$here/teamd.tmpfiles.conf" >>"$tmp/out" 2>&1; then
        teamd_uid=$(sed -n 's/^teamd:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/passwd")
        got=$(cd "$root" && stat -c '%n %a %u' run/teamd var/lib/teamd | tr '\n' ';')
        want="run/teamd 755 0;var/lib/teamd 700 $teamd_uid;"
        same 'systemd-tmpfiles: path, mode, owner' "$want" "$got"
    else
        fail 'systemd-sysusers and systemd-tmpfiles in a scratch root'
        sed 's/^/        /' "$tmp/out"
    fi
else
    skip 'directories: needs systemd-sysusers, systemd-tmpfiles and root'
fi

# --- firewall ---------------------------------------------------------------------------------

# The user teamd need not exist here: a number stands in for it.
stand_in=64123
sed "s/root, teamd/root, $stand_in/" teamd.nft >"$tmp/teamd.nft"
grep -q "root, $stand_in" "$tmp/teamd.nft" || fail 'teamd.nft: the set of users was not found'

if ! have nft; then
    skip 'teamd.nft: nft is not installed'
elif ! have unshare || ! unshare -n nft list ruleset >/dev/null 2>&1; then
    skip 'teamd.nft: needs root, network namespaces and nf_tables'
else
    run 'nft -c -f teamd.nft' unshare -n nft -c -f "$tmp/teamd.nft"
    if have ip && have setpriv && have python3; then
        # In a network namespace of its own: a listener on the metadata address, and three callers.
        cat >"$tmp/netns.sh" <<'SH'
set -eu
ip link set lo up
ip addr add 169.254.169.254/32 dev lo
python3 -c 'import socket,time; s=socket.create_server(("169.254.169.254", 80)); time.sleep(60)' & listener=$!
trap 'kill $listener' EXIT
# Bash connects by itself, so that any uid can run it. Here the refusal itself would have to go to the
# metadata address, and is dropped: silence is "closed", too.
probe='timeout 2 bash -c "exec 3<>/dev/tcp/169.254.169.254/80" 2>/dev/null && echo open || echo closed'
for _ in $(seq 50); do [ "$(bash -c "$probe")" = open ] && break; sleep 0.1; done
nft -f "$1/teamd.nft"
nft -f "$1/teamd.nft"     # loading twice replaces
for uid in 0 "$2" 65534; do
    printf '%s ' "$(cd / && setpriv --reuid "$uid" --regid "$uid" --clear-groups bash -c "$probe")"
done
SH
        if got=$(unshare -n bash "$tmp/netns.sh" "$tmp" "$stand_in" 2>"$tmp/out"); then
            same 'metadata address for root, teamd, others' 'open open closed ' "$got"
        else
            fail 'metadata address in a network namespace'
            sed 's/^/        /' "$tmp/out"
        fi
    else
        skip 'metadata address, live: needs ip, setpriv and python3'
    fi
fi

# --- sample files -----------------------------------------------------------------------------

if have python3 && python3 -c 'import tomllib' 2>/dev/null; then
    cat >"$tmp/samples.py" <<'PY'
import json, re, sys, tomllib
config = open("teamd.toml").read()
tomllib.loads(config)
# With every "#key = value" line switched on, too: all of it is meant to be copied.
full = tomllib.loads(re.sub(r"(?m)^#(?=[a-z_]+ = )", "", config))
keys = sum(len(section) for section in full.values())
tomllib.load(open("../docs/policy.sample.toml", "rb"))
policy = json.load(open("../docs/iam-policy.json"))
assert policy["Version"] == "2012-10-17" and all(s["Sid"] for s in policy["Statement"])
print(f"{keys} keys")
PY
    run 'teamd.toml, policy.sample.toml and iam-policy.json parse' python3 "$tmp/samples.py"
else
    skip 'sample files: needs python3 with tomllib (3.11)'
fi

printf '%s\n' "systemd/check.sh: $failed failed, $skipped skipped"
[ "$failed" = 0 ]
