# shellcheck shell=bash
# Sourced by the programs beside it: a Docker engine that answers, and a base image for ours.

standin_debian=crm-campaigns-test/debian:bookworm-slim
engine_pid=

say() { printf '%s\n' "$*" >&2; }

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# True with an engine that answers, started here if need be; otherwise says why there cannot be one.
ensure_engine() {
    if ! command -v docker >/dev/null; then say "there is no docker command on this machine"; return 1; fi
    if engine_answers; then return 0; fi
    if [ -n "${DOCKER_HOST:-}" ]; then say "the engine at DOCKER_HOST does not answer"; return 1; fi
    if [ "$(id -u)" != 0 ]; then say "no Docker engine answers, and only root could start one"; return 1; fi
    if ! command -v dockerd >/dev/null; then say "no Docker engine answers, and dockerd is not installed"; return 1; fi
    start_engine
}

start_engine() {
    local log
    log=$(mktemp)
    say "no Docker engine answers: starting dockerd for the time of this run (log: $log)"
    setsid dockerd >"$log" 2>&1 </dev/null &
    engine_pid=$!
    for _ in $(seq 120); do
        if engine_answers; then return 0; fi
        if ! kill -0 "$engine_pid" 2>/dev/null; then break; fi
        sleep 0.5
    done
    say "dockerd does not come up: $(grep -o 'failed to start daemon.*' "$log" || tail -n 1 "$log")"
    stop_engine
    return 1
}

# Ends the engine that start_engine started; another's is left alone.
stop_engine() {
    if [ -n "$engine_pid" ] && kill "$engine_pid" 2>/dev/null; then wait "$engine_pid" || true; fi
    engine_pid=
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# Runs a command for at most $1 seconds, where the machine can limit it (macOS cannot).
within() {
    if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}

# True if the image is here or comes within $2 seconds.
can_have_image() { has_image "$1" || within "${2:-300}" docker pull -q "$1" >/dev/null 2>&1; }

# True if containers of this image run at all here; nested sandboxes often forbid the namespaces they need.
containers_run() { docker run --rm "$1" true; }

# True if a container reaches the package archives of its own distribution.
containers_have_network() { docker run --rm "$1" timeout 60 apt-get update -qq -o APT::Update::Error-Mode=any; }

# Prints the image to build ours on: PYTHON_IMAGE if given, the official one if it comes within $1 seconds, our stand-in.
choose_python_image() {
    local official=python:3.13-slim-bookworm
    if [ -n "${PYTHON_IMAGE:-}" ]; then echo "$PYTHON_IMAGE"; return; fi
    if can_have_image "$official" "$1"; then echo "$official"; return; fi
    deploy/images/build debian && echo "$standin_debian"
}
