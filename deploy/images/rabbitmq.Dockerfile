# Stand-in for the official rabbitmq image, from Debian's package. It keeps what we use of the official one: configuration in
# /etc/rabbitmq/rabbitmq.conf and conf.d, RABBITMQ_DEFAULT_USER/PASS/VHOST, data in /var/lib/rabbitmq, `rabbitmq-server` as command.
ARG DEBIAN_IMAGE=debian:bookworm-slim
FROM ${DEBIAN_IMAGE}
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends rabbitmq-server \
    && rm -rf /var/lib/apt/lists/* /var/lib/rabbitmq/* /var/lib/rabbitmq/.erlang.cookie \
    && install -d -o rabbitmq -g rabbitmq /etc/rabbitmq/conf.d \
    && chown -R rabbitmq:rabbitmq /etc/rabbitmq /var/lib/rabbitmq /var/log/rabbitmq
# Not Debian's wrappers in /usr/sbin: they drop the environment.
ENV PATH=/usr/lib/rabbitmq/bin:$PATH HOME=/var/lib/rabbitmq LANG=C.UTF-8 RABBITMQ_LOGS=-
USER rabbitmq
RUN rabbitmq-plugins enable --offline rabbitmq_management rabbitmq_prometheus
VOLUME ["/var/lib/rabbitmq"]
EXPOSE 5672 15672 15692
CMD ["rabbitmq-server"]
