FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data STATIC_ROOT=/app/staticfiles
RUN useradd --create-home app && mkdir /data && chown app /data
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# The key below is used for this one command and is in no layer's environment.
RUN DEBUG=0 SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" ALLOWED_HOSTS=build \
    DATABASE_URL=postgres://none/none python manage.py collectstatic --noinput && rm -rf /data/*
USER app
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "--config", "python:supportadmin.gunicorn_conf", "supportadmin.wsgi"]
