# The page in a container: docker build -t bssdemo . && docker run -p 7860:7860 bssdemo
#
# pip's usual torch for Linux is a CUDA build of several GB. TORCH_INDEX is the address of PyTorch's
# index of CPU builds (pytorch.org, "Get started" names it): --build-arg TORCH_INDEX=...
FROM python:3.11-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg libsndfile1 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/bssdemo
COPY requirements.txt requirements.lock ./
ARG TORCH_INDEX=
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
 && if [ -n "$TORCH_INDEX" ]; then \
      pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)"; \
    fi \
 && pip install --no-cache-dir -r requirements.txt

COPY . .
RUN useradd --system --no-create-home visitor
USER visitor

ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_ANALYTICS_ENABLED=False PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/health', timeout=4)"
CMD ["python", "app.py"]
