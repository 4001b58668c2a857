# docker build -t chatbridge . ; how to run it: README.md, section Docker

FROM debian:bookworm-slim AS build
WORKDIR /src
# Before the sources, so that a changed source installs nothing anew.
COPY script/lib.sh script/
RUN bash -euc '. script/lib.sh; need $build_packages' && rm -rf /var/lib/apt/lists/*
COPY . .
RUN script/build && install -D --strip build/release/chatbridge /out/chatbridge

FROM debian:bookworm-slim
# The libraries that the program is linked with and the base does not have; one is missing: `chatbridge --version` fails.
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
      libedit2 \
      libfmt9 \
      libicu72 \
      libsodium23 \
      libsqlite3-0 \
      libtomlplusplus3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache \
      /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
# A new volume gets the owner and mode of this directory.
RUN useradd --system --no-log-init --key SYS_UID_MAX=65532 --uid 65532 --user-group --home-dir /var/lib/chatbridge --shell /usr/sbin/nologin \
      chatbridge \
 && install -d -o chatbridge -g chatbridge -m 0750 /var/lib/chatbridge
COPY --from=build /out/chatbridge /usr/local/bin/chatbridge
# By number: platforms that refuse root cannot look names up.
USER 65532:65532
RUN ["chatbridge", "--version"]

LABEL org.opencontainers.image.title="chatbridge" \
      org.opencontainers.image.description="Raw TCP, UDP and WebSocket clients in the same chat rooms" \
      org.opencontainers.image.licenses="MIT"
# Behind Docker's proxy every sender has a private address, so none but loopback says whom to trust.
ENV STATE_DIRECTORY=/var/lib/chatbridge \
    CHATBRIDGE_UDP_TRUSTED=127.0.0.0/8,::1/128
WORKDIR /var/lib/chatbridge
VOLUME /var/lib/chatbridge
EXPOSE 8080 9999 9999/udp
# `health` itself gives up after 5 s.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["chatbridge", "health"]
ENTRYPOINT ["chatbridge"]
