#!/bin/sh
# Installs Debian packages without letting any of them start, or enable, a server of the whole system.
#
#   apt-install.sh POLICY PACKAGE...
#
# POLICY is /usr/sbin/policy-rc.d: maintainer scripts ask it before they start a service, 101 means "do not".
# One that is already there belongs to the administrator and is only asked, never touched.
set -eu

policy=$1
shift
mark='# crm-campaigns: no package may start a server while it is being installed'
ours=no

restore() {
    if [ "$ours" = yes ]; then rm -f "$policy"; fi
}
trap restore EXIT
trap 'exit 130' HUP INT TERM

if [ -e "$policy" ] && ! grep -qF "$mark" "$policy"; then
    status=0
    "$policy" rabbitmq-server start >/dev/null 2>&1 || status=$?
    if [ "$status" -ne 101 ]; then
        echo "$policy lets packages start servers, and it is not ours to change." >&2
        exit 3
    fi
else
    ours=yes
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" > "$policy"
    chmod 755 "$policy"
fi

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"
}

had_rabbitmq=$(command -v rabbitmq-server || true)
had_epmd=$(command -v epmd || true)
had_postfix=$(command -v postfix || true)
had_spamd=$(command -v spamd || true)
# Fresh machines have no package lists yet; others need not wait for them.
install "$@" || { apt-get update --quiet && install "$@"; }

# What is new must not come up at the next boot either.
if [ -z "$had_rabbitmq" ]; then update-rc.d rabbitmq-server disable >/dev/null 2>&1 || true; fi
if [ -z "$had_postfix" ] && command -v postfix >/dev/null; then update-rc.d postfix disable >/dev/null 2>&1 || true; fi
if [ -z "$had_spamd" ] && command -v spamd >/dev/null; then update-rc.d spamd disable >/dev/null 2>&1 || true; fi
if [ -z "$had_epmd" ]; then systemctl disable epmd.socket epmd.service >/dev/null 2>&1 || true; fi
