# One image for every role: `muster serve --workers 0`, `muster serve --api 0`, `muster migrate`, or all in one.

FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/muster
COPY Makefile pyproject.toml requirements.lock requirements-node.lock README.md LICENSE ./
COPY .ci .ci
COPY backend backend
COPY frontend frontend
# .venv with what the lock names, and the front end built; what only building needs is left behind. The image's user may not
# write beside the code: it is compiled here.
RUN make setup && rm -rf frontend/node_modules \
    && .venv/bin/pip uninstall -q -y -r requirements-node.lock \
    && .venv/bin/python -m compileall -q backend

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /var/lib/muster muster
# The same place: the environment's scripts name it.
WORKDIR /opt/muster
COPY --from=build /opt/muster/.venv .venv
COPY --from=build /opt/muster/pyproject.toml pyproject.toml
COPY --from=build /opt/muster/backend backend
COPY --from=build /opt/muster/frontend/build frontend/build
ENV PATH=/opt/muster/.venv/bin:$PATH MUSTER_DATA_DIR=/var/lib/muster/data PYTHONUNBUFFERED=1
USER muster
EXPOSE 8000
ENTRYPOINT ["muster"]
CMD ["serve", "--host", "0.0.0.0"]
