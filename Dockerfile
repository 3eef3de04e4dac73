# The production image: web, worker, beat and migrations are the same image with different commands.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.lock /
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /requirements.lock
WORKDIR /portal
COPY . .
# Nothing of these reaches the image that runs, or any server: the static files are only named by their content.
RUN PORTAL_ENV=production PORTAL_SECRET_KEY=only-to-collect-static-files-0123456789012345678901234567890123456789 \
    PORTAL_FIELD_KEYS=b25seS10by1jb2xsZWN0LXN0YXRpYy1maWxlcy0wMDA= PORTAL_ORIGIN=https://portal.invalid \
    PORTAL_HOSTS=portal.invalid PORTAL_MAIL_FROM=portal@portal.invalid EMAIL_URL=smtp://mail.invalid \
    DATABASE_URL=postgresql://nobody@database.invalid/portal REDIS_URL=redis://redis.invalid \
    /venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim-bookworm
# What WeasyPrint sets papers with; without it they are only offered as pages to print.
RUN apt-get update && apt-get install --yes --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORTAL_ENV=production HOST=0.0.0.0 PORT=8000
COPY --from=build /venv /venv
COPY --from=build /portal /portal
WORKDIR /portal
USER portal
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/livez', headers={'Host': os.environ['PORTAL_HOSTS'].split(',')[0]}), timeout=5)"]
CMD ["gunicorn", "--config", "python:iop_portal.serving", "iop_portal.wsgi"]
