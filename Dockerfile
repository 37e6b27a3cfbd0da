# docker build --target small -t facesort .         sort, correct, review
# docker build --target full -t facesort-full .     and training, evaluation, export (CPU or NVIDIA)
#
# docker run --rm --user "$(id -u):$(id -g)" -v ~/Pictures/summer:/album:ro -v "$PWD/sorted:/sorted" \
#     facesort sort --src /album --dst /sorted --link copy
FROM python:3.12-slim AS small
ENV PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1 FACESORT_CACHE=/tmp/facesort
WORKDIR /opt/facesort
COPY requirements.txt .
RUN python -m pip install --no-compile -r requirements.txt
COPY tools tools
COPY weights weights
COPY data_configs data_configs
RUN useradd --create-home --uid 1000 facesort
USER facesort
ENV PYTHONPATH=/opt/facesort/tools
WORKDIR /work
ENTRYPOINT ["python", "-m", "facesort"]
CMD ["--help"]

FROM small AS full
USER root
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ffmpeg libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-train.txt /opt/facesort/
RUN python -m pip install --no-compile -r /opt/facesort/requirements-train.txt
USER facesort
