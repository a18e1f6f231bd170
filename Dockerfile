# Driftline in a container: `docker build -t driftline .`, or `docker compose up` (compose.yaml).
#
# BASE is any Debian-like image with Python 3.11 to 3.13 in it, a mirror's too:
#   docker build --build-arg BASE=registry.example.com/python:3.13-slim -t driftline .
# Behind a proxy with certificates of its own put these into a file ca.crt beside this one.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
COPY deploy/docker/requirements.lock ca.cr[t] /build/
RUN if [ -f ca.crt ]; then python -m pip config --global set global.cert /build/ca.crt; fi
# What Driftline needs, by hash. This layer stays as long as the lock does.
RUN python -m venv /opt/driftline \
    && /opt/driftline/bin/pip install --quiet --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE /build/
COPY src /build/src
RUN /opt/driftline/bin/pip install --quiet --no-deps /build \
    && /opt/driftline/bin/pip check \
    && /opt/driftline/bin/pip uninstall --quiet --yes pip \
    && /opt/driftline/bin/python -m compileall -q -j 0 /opt/driftline/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="Driftline" \
      org.opencontainers.image.description="Watches machine-learning models in production." \
      org.opencontainers.image.licenses="Apache-2.0"
# Everything that is written is in /var/lib/driftline (a volume) and /tmp (in memory): the rest of
# the file system may be read-only. The number is there for Kubernetes' runAsNonRoot.
RUN mkdir -p /var/lib/driftline /etc/driftline /data && chown 10001:10001 /var/lib/driftline
COPY --from=build /opt/driftline /opt/driftline
COPY deploy/docker/driftline.yaml /etc/driftline/driftline.yaml
ENV PATH=/opt/driftline/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
USER 10001:10001
WORKDIR /var/lib/driftline
VOLUME /var/lib/driftline
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]
ENTRYPOINT ["driftline"]
CMD ["serve", "--config", "/etc/driftline/driftline.yaml", "--host", "0.0.0.0", "--log-format", "json"]
