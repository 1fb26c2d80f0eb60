# The program alone, in an image that holds nothing else. The project with its store is mounted at /project.
#
#     docker build -t streamflow .
#     docker run --rm -v "$PWD:/project" --user "$(id -u):$(id -g)" streamflow run --locked
#     docker run --rm -v "$PWD:/project" --user "$(id -u):$(id -g)" -p 127.0.0.1:8000:8000 \
#         streamflow serve --address 0.0.0.0:8000 --insecure --log json
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin streamflow

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin streamflow
COPY --from=build /src/target/release/streamflow /usr/local/bin/streamflow
USER 10001:10001
WORKDIR /project
EXPOSE 8000
ENTRYPOINT ["streamflow"]
CMD ["--help"]
