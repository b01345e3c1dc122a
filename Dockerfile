# syntax=docker/dockerfile:1
# docker build -t qunwei .
#
# .ci/image.py goes through these steps where there is no container engine.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
# Caches rather than a layer of dependencies: what is compiled once stays compiled, also when Cargo.lock changes.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked \
    && install -D target/release/qunwei /out/usr/local/bin/qunwei \
    && install -d /out/etc/qunwei \
    && cp -r config wordlists /out/etc/qunwei/ \
    && install -d -m 0750 -o 65532 -g 65532 /out/var/lib/qunwei

# libc, libgcc and root certificates, no shell; the daemon needs nothing else. The same Debian as above: the same libc.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/ /
# Operators' port 8081 stays on the container's own loopback: it has no password. compose.yaml shows how to reach it.
# The rest of the file system may be read-only: what is sorted for a day's index is sorted where the data are.
ENV QUNWEI_CONFIG=/etc/qunwei/config \
    QUNWEI_DATA=/var/lib/qunwei \
    QUNWEI_LISTEN=0.0.0.0:8080 \
    SQLITE_TMPDIR=/var/lib/qunwei
USER 65532:65532
VOLUME /var/lib/qunwei
EXPOSE 8080
# Unhealthy also means that a bridge or the configuration needs a person, and a new start mends neither. Whoever starts
# unhealthy containers anew asks whether the process answers: qunwei health --url http://127.0.0.1:8081/healthz
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["/usr/local/bin/qunwei", "health"]
ENTRYPOINT ["/usr/local/bin/qunwei"]
CMD ["serve"]
