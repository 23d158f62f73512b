# The base may be named with its digest: a release does, and records it in a label.
ARG BASE=debian:trixie-slim

# Python, and git for requirements that come from a repository.
FROM ${BASE} AS system
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ARG SOURCE_DATE_EPOCH=1767225600
COPY scripts/same_times /usr/local/sbin/
RUN same_times --start \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates git python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* \
    && find /usr -xdev -name __pycache__ -type d -prune -exec rm -rf {} + \
    && PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.13 \
    && same_times --end "${SOURCE_DATE_EPOCH}"

# The pinned packages, each by its hash, without what no run ever reads. The lock is complete: to
# resolve again could bring a second TensorFlow, since tf-keras-nightly asks for the full build.
FROM system AS packages
ARG TENSORFLOW=cpu
ARG SOURCE_DATE_EPOCH=1767225600
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends binutils python3-venv
WORKDIR /build
COPY locks/${TENSORFLOW}.txt lock.txt
COPY scripts/check_tensorflow.py scripts/trim_packages scripts/
RUN python3 -m venv tools \
    && python3 -m venv --without-pip /opt/tf-equivalence \
    && tools/bin/pip --python /opt/tf-equivalence/bin/python install --no-cache-dir --no-compile --no-deps \
        --require-hashes --disable-pip-version-check --quiet -r lock.txt \
    && /opt/tf-equivalence/bin/python scripts/check_tensorflow.py lock.txt \
    && scripts/trim_packages /opt/tf-equivalence "${SOURCE_DATE_EPOCH}"

# The command itself, as a wheel like anybody's.
FROM packages AS command
ARG SOURCE_DATE_EPOCH=1767225600
COPY locks/develop.txt develop.txt
RUN awk '/^(setuptools|wheel)==/ { wanted = 1 } wanted { print } !/\\$/ { wanted = 0 }' develop.txt > build.txt \
    && tools/bin/pip install --no-cache-dir --no-deps --require-hashes --disable-pip-version-check --quiet -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY runner runner
RUN tools/bin/pip wheel --no-deps --no-build-isolation --no-index --disable-pip-version-check --quiet -w dist . \
    && tools/bin/pip --python /opt/tf-equivalence/bin/python install --no-deps --no-index --no-compile \
        --disable-pip-version-check --quiet dist/*.whl \
    && cd /opt/tf-equivalence/lib/python3.13/site-packages \
    && rm tf_equivalence-*.dist-info/direct_url.json \
    && PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode unchecked-hash tf_equivalence \
    && mkdir /command \
    && cp --parents --recursive "${PWD}"/tf_equivalence* /opt/tf-equivalence/bin/tf-equivalence /command \
    && find /command -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

# A place for the genuine TensorFlow 1.15.5, on the Python 3.7 that it needs.
FROM system AS tensorflow1
RUN mkdir /opt/tensorflow-1.15

FROM system AS action
ARG TENSORFLOW=cpu
ARG BASE=debian:trixie-slim
ARG BASE_DIGEST=""
ARG VERSION=""
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=https://github.com/org/tf-equivalence-action
LABEL org.opencontainers.image.title="tf-equivalence-action" \
      org.opencontainers.image.description="Proves that TensorFlow 1 code migrated to TF2 still computes the same numbers, and says which line broke it." \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}#readme" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}" \
      tf-equivalence.tensorflow="${TENSORFLOW}"
COPY --from=tensorflow1 /opt/tensorflow-1.15 /opt/tensorflow-1.15
COPY --from=packages /opt/tf-equivalence /opt/tf-equivalence
COPY --from=command /command /
# Output appears as it is written. User code keeps its byte-code to itself: the command sees to that.
ENV PYTHONUNBUFFERED=1
# The exec form: a shell would lose the inputs whose names hold a hyphen, and the signals.
ENTRYPOINT ["/opt/tf-equivalence/bin/tf-equivalence"]
CMD ["run"]
