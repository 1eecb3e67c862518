#!/bin/sh
# Turns a Debian or Ubuntu machine (x86-64 or ARM64) into a host of a hub:
#
#   curl -fsS http://HUB:30000/install/agent.sh | sudo sh -s -- --hub http://HUB:30000 --token TOKEN
#
# Run again, it changes only what is not yet so. What it makes: packages of the distribution, the account cloudphone, /opt/cloudphone
# (software), /etc/cloudphone (settings), /var/lib/cloudphone (what the agent must remember), one systemd unit, /usr/local/bin/cloudphone.
set -eu

usage() {
  cat <<'USAGE'
install-agent.sh --hub URL --token TOKEN [--name NAME] [--from FILE|FOLDER|URL] [--for KINDS]
install-agent.sh --upgrade [--from FILE|FOLDER|URL]
install-agent.sh --uninstall [--purge]

  --hub URL      the hub's address, like http://hub.example.com:30000
  --token TOKEN  a one-time token from `cloudphone hosts enroll-token`
  --name NAME    what the host is called (default: this machine's name)
  --from WHERE   the software: a file of bin/pack, its folder unpacked, or an address (default: the hub's own)
  --for KINDS    phones it is meant to have: docker,usb (default) or one of them
  --upgrade      put newer software in place; phones in containers keep running
  --uninstall    remove the agent; --purge removes settings and memory too
USAGE
}

home=/opt/cloudphone
state=/var/lib/cloudphone
settings=/etc/cloudphone/agent.env
unit=/etc/systemd/system/cloudphone-agent.service
data=$state/agent

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
systemd_runs() { [ -d /run/systemd/system ]; }
as_agent() { runuser -u cloudphone -- env HOME="$state" "$@"; }

main() {
  mode=install hub='' token='' name='' from='' kinds=docker,usb purge=no changed=no
  while [ $# -gt 0 ]; do
    case $1 in
      --hub | --token | --name | --from | --for)
        [ $# -ge 2 ] || fail "$1 needs a value; see --help"
        case $1 in
          --hub) hub=${2%/} ;;
          --token) token=$2 ;;
          --name) name=$2 ;;
          --from) from=$2 ;;
          --for) kinds=$2 ;;
        esac
        shift ;;
      --upgrade) mode=upgrade ;;
      --uninstall) mode=uninstall ;;
      --purge) purge=yes ;;
      -h | --help) usage; exit 0 ;;
      *) fail "$1 is not known; see --help" ;;
    esac
    shift
  done
  [ "$(id -u)" = 0 ] || fail "run this as root (sudo)"
  case $kinds in docker | usb | docker,usb | usb,docker) ;; *) fail "--for takes docker, usb, or docker,usb" ;; esac
  ${mode}_agent
}

install_agent() {
  enrolled=no
  [ -f "$data/credentials.json" ] && enrolled=yes
  if [ $enrolled = no ]; then
    case $hub in http://* | https://*) ;; *) fail "--hub takes the hub's address, like http://hub.example.com:30000" ;; esac
    [ -n "$token" ] || fail "--token is missing; an operator makes one with \`cloudphone hosts enroll-token\`"
  elif [ -n "$hub" ] && ! grep -qF "\"hubUrl\":\"$hub\"" "$data/credentials.json"; then
    fail "this machine is a host of another hub already; first: install-agent.sh --uninstall --purge"
  fi
  packages
  account
  place_release
  write_settings
  if [ $enrolled = no ]; then
    as_agent "$home/current/bin/cloudphone" enroll "$token" --hub "$hub" --name "${name:-$(uname -n)}" --data "$data"
  else
    say "enrolled already; the token was not used"
  fi
  write_unit
  heal
  start_agent
}

packages() {
  command -v apt-get >/dev/null || fail "this needs Debian or Ubuntu (there is no apt-get)"
  case $(dpkg --print-architecture) in amd64 | arm64) ;; *) fail "this needs a 64-bit x86 or ARM system" ;; esac
  missing=''
  need() { command -v "$1" >/dev/null || missing="$missing $2"; }
  need npx 'nodejs npm'
  need curl 'curl ca-certificates'
  need adb adb
  case ,$kinds, in *,docker,*) need docker docker.io ;; esac
  case ,$kinds, in *,usb,*) ls /usr/lib/udev/rules.d/*android* /lib/udev/rules.d/*android* >/dev/null 2>&1 ||
    missing="$missing android-sdk-platform-tools-common" ;; esac
  if [ -n "$missing" ]; then
    say "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 18 ] || fail "Node $major is too old to fetch the rest; this needs Debian 12, Ubuntu 24.04 or newer"
}

account() {
  id cloudphone >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir "$state" --shell /usr/sbin/nologin cloudphone
  mkdir -p "$state" /etc/cloudphone
  chown cloudphone:cloudphone "$state"
  chmod 0700 "$state"
  groups=''
  case ,$kinds, in *,docker,*) groups="$groups docker" ;; esac
  case ,$kinds, in *,usb,*) groups="$groups plugdev" ;; esac
  for group in $groups; do
    getent group "$group" >/dev/null || groupadd --system "$group"
    usermod -aG "$group" cloudphone
  done
}

# Puts the software into a folder of its own, named by what is in it, and points `current` at it once it is complete.
place_release() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ -z "$from" ]; then
    [ -n "$hub" ] || hub=$(sed -n 's/.*"hubUrl":"\([^"]*\)".*/\1/p' "$data/credentials.json")
    from=$hub/install/cloudphone.tar.gz
  fi
  case $from in
    http://* | https://*)
      curl -fsSL --retry 3 --max-time 300 -o "$work/pack.tar.gz" "$from" || fail "the software can't be fetched from $from" ;;
    *)
      if [ -d "$from" ]; then "$from/bin/pack" "$work/pack.tar.gz" >/dev/null
      elif [ -f "$from" ]; then cp "$from" "$work/pack.tar.gz"
      else fail "$from is neither a file nor a folder"; fi ;;
  esac
  mkdir "$work/new"
  tar -C "$work/new" --no-same-owner -xzf "$work/pack.tar.gz" || fail "$from is not a file of bin/pack"
  [ -x "$work/new/bin/install-production" ] || fail "$from is not a file of bin/pack"
  version=$(sed -n 's/^  "version": *"\([^"]*\)".*/\1/p' "$work/new/package.json")
  release=$version-$(sha256sum "$work/pack.tar.gz" | cut -c1-12)
  if [ ! -f "$home/releases/$release/.complete" ]; then
    say "installing release $release"
    rm -rf "$home/releases/$release"
    mkdir -p "$home/releases"
    mv "$work/new" "$home/releases/$release"
    chmod 0755 "$home/releases/$release"
    npm_config_cache=$home/cache "$home/releases/$release/bin/install-production" --store-dir "$home/store" >"$work/log" 2>&1 ||
      { tail -20 "$work/log" >&2; fail "the packages could not be installed"; }
    touch "$home/releases/$release/.complete"
  fi
  point_at "$release"
  ln -sfn "$home/current/bin/cloudphone" /usr/local/bin/cloudphone
}

point_at() {
  [ "$(readlink "$home/current" 2>/dev/null)" = "releases/$1" ] || changed=yes
  ln -sfn "releases/$1" "$home/current.new"
  mv -T "$home/current.new" "$home/current"
}

write_settings() {
  [ -f "$settings" ] && return
  cat >"$settings" <<'SETTINGS'
# Settings of this host's agent: the CLOUDPHONE_* of the README, NAME=value. Kept by upgrades. Then: systemctl restart cloudphone-agent
# No simulated phones on a host with real ones.
CLOUDPHONE_SIMULATED_CAPACITY=0
SETTINGS
  case ,$kinds, in *,docker,*) ;; *) echo 'CLOUDPHONE_DOCKER_HOST=off' >>"$settings" ;; esac
  case ,$kinds, in *,usb,*) cat >>"$settings" <<'SETTINGS'
# Phones on cables that are for rent. Everything on them is deleted between leases.
#CLOUDPHONE_USB_PHONES=SERIAL,SERIAL
SETTINGS
  esac
  chmod 0640 "$settings"
  chgrp cloudphone "$settings"
}

write_unit() {
  groups=$(id -nG cloudphone | tr ' ' '\n' | grep -xE 'docker|plugdev' | tr '\n' ' ' || true)
  mkdir -p "$(dirname "$unit")"
  sed "s/SUPPLEMENTARY_GROUPS/${groups% }/" "$home/current/deploy/systemd/cloudphone-agent.service" >"$unit.new"
  if cmp -s "$unit.new" "$unit"; then
    rm "$unit.new"
  else
    mv "$unit.new" "$unit"
    changed=yes
    ! systemd_runs || systemctl daemon-reload
  fi
}

# The doctor as root mends what can be mended without harm. What it can't is told, and does not stop the installation.
heal() {
  (grep -E '^[A-Z_]+=' "$settings" || true) | {
    while IFS= read -r line; do export "$line"; done
    "$home/current/bin/cloudphone" doctor --fix --for "$kinds" --data "$data"
  } || say "(see above: what failed keeps phones from working here)"
}

start_agent() {
  if ! systemd_runs; then
    say "systemd does not run here; the agent is started with: $home/current/bin/cloudphone agent --data $data"
    return
  fi
  systemctl enable -q cloudphone-agent
  if [ $changed = no ] && systemctl is-active -q cloudphone-agent; then
    say "the agent runs already, with the same software and settings"
    return
  fi
  systemctl restart cloudphone-agent
  steady || fail "the agent does not stay up; see: journalctl -u cloudphone-agent"
  say "the agent runs: systemctl status cloudphone-agent"
}

# Up, and still the same process a while later.
steady() {
  sleep 1
  first=$(systemctl show -p MainPID --value cloudphone-agent)
  sleep 6
  [ "$first" != 0 ] && [ "$first" = "$(systemctl show -p MainPID --value cloudphone-agent)" ] &&
    systemctl is-active -q cloudphone-agent
}

upgrade_agent() {
  [ -L "$home/current" ] && [ -f "$data/credentials.json" ] || fail "no agent is installed here; see --help"
  before=$(basename "$(readlink "$home/current")")
  place_release
  now=$(basename "$(readlink "$home/current")")
  if [ "$before" = "$now" ]; then say "this is release $now already"; return; fi
  write_unit
  if systemd_runs; then
    systemctl restart cloudphone-agent
    if ! steady; then
      point_at "$before"
      write_unit
      systemctl restart cloudphone-agent
      fail "release $now does not stay up; $before is back. See: journalctl -u cloudphone-agent"
    fi
  fi
  # The one before stays, to go back to.
  for old in "$home"/releases/*; do
    case ${old##*/} in "$before" | "$now") ;; *) rm -rf "$old" ;; esac
  done
  say "upgraded from $before to $now; phones in containers kept running"
}

uninstall_agent() {
  if systemd_runs; then
    systemctl disable -q --now cloudphone-agent 2>/dev/null || true
  fi
  rm -f "$unit" /etc/systemd/system/multi-user.target.wants/cloudphone-agent.service
  ! systemd_runs || systemctl daemon-reload
  [ "$(readlink /usr/local/bin/cloudphone 2>/dev/null)" != "$home/current/bin/cloudphone" ] || rm -f /usr/local/bin/cloudphone
  rm -rf "$home"
  if [ $purge = yes ]; then
    rm -rf "$state" "$settings"
    rmdir /etc/cloudphone 2>/dev/null || true
    ! id cloudphone >/dev/null 2>&1 || userdel cloudphone
  else
    say "$state and $settings are kept; --purge removes them too"
  fi
  say "the agent is removed; containers that ran go on. Take the host out of the hub: cloudphone hosts remove HOST --reason retired"
}

main "$@"
