# One image for every process: `docker run IMAGE worker send-batch`, `docker run IMAGE demo`, …
#
# Any Debian-based image serves as a base: the official Python images as they are, a bare Debian with Debian's own Python.
# A company's certificate authority belongs into the base image; pip below trusts what the base trusts.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS python
RUN python3 -c 'import ensurepip' 2>/dev/null \
    || { apt-get update -q \
         && apt-get install -q -y --no-install-recommends python3 python3-venv ca-certificates \
         && rm -rf /var/lib/apt/lists/*; }


FROM python AS build
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/campaigns
WORKDIR /src
# The dependencies have a layer of their own: without our rooms the same install command brings nothing but them.
COPY pyproject.toml constraints.txt ./
RUN touch README.md && /opt/campaigns/bin/pip install -c constraints.txt .
COPY . .
RUN /opt/campaigns/bin/pip install --no-deps --force-reinstall . \
    && /opt/campaigns/bin/pip uninstall -q -y pip


FROM python AS runtime
# Numbers, so that an orchestrator can see that the user is not root. /mail is the mail catcher's, the rest needs nothing.
RUN groupadd --gid 10001 campaigns \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/campaigns --shell /usr/sbin/nologin campaigns \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/campaigns /mail
COPY --from=build /opt/campaigns /opt/campaigns
COPY examples /srv/campaigns/examples

ENV PATH=/opt/campaigns/bin:$PATH \
    HOME=/var/lib/campaigns \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CAMPAIGNS_STATE_DIR=/var/lib/campaigns \
    CAMPAIGNS_HEALTH__HOST=0.0.0.0 \
    CAMPAIGNS_HEALTH__PORT=8080
WORKDIR /srv/campaigns
USER 10001:10001
# Runs on a read-only root: nothing is written outside /tmp and this directory.
VOLUME ["/var/lib/campaigns"]
EXPOSE 8080

# http.client and not urllib: a proxy in the environment must not be asked for our own port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python3", "-c", "\
import http.client, os, sys; \
port = int(os.environ['CAMPAIGNS_HEALTH__PORT']); \
live = http.client.HTTPConnection('127.0.0.1', port, timeout=4); \
live.request('GET', '/live'); \
sys.exit(live.getresponse().status != 200)"]
ENTRYPOINT ["campaigns"]
CMD ["--help"]
