# Everything from a bare clone, with nothing but Python 3.11+ and make. See README.md.
VENV ?= .venv
PY := $(VENV)/bin/python
BENCH_DATA ?= ../shared/data
WORKERS ?= 2
TESTS ?= tests
# Compiled files are what makes a second start fast.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(PY) -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes
# A throw-away production environment, for `check --deploy`.
PRODUCTION := DEBUG=0 ALLOWED_HOSTS=support.example DATABASE_URL=postgres://localhost/none \
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')

.PHONY: run test check bench soak install lock openapi screenshots clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@exec $(PY) manage.py serve --prepare

install: $(VENV)/.installed

test: $(VENV)/.installed-dev
	$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/bandit --quiet --recursive --configfile pyproject.toml .
	$(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	@mkdir -p build
	$(PY) manage.py spectacular --validate --fail-on-warn --file build/openapi.yaml
	@diff -u docs/openapi.yaml build/openapi.yaml || { echo "The API changed: run 'make openapi' and commit it."; exit 1; }

bench: $(VENV)/.installed
	$(PY) scripts/bench.py --data $(BENCH_DATA) --out bench/results.json

soak: $(VENV)/.installed-dev
	$(PY) -m pytest -m soak --timeout=7200 $(TESTS)

openapi: $(VENV)/.installed-dev
	$(PY) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

screenshots: $(VENV)/.installed-dev
	$(PY) scripts/screenshots.py --out docs/images

# Needs uv; run it after a change of requirements*.in.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-annotate --no-header --upgrade --output-file requirements.txt requirements.in
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-annotate --no-header --constraints requirements.txt --output-file requirements-dev.txt requirements-dev.in

clean:
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing the test tools (once) …"
	@$(PIP) --requirement requirements-dev.txt
	@touch $@

$(VENV)/.installed: requirements.txt $(VENV)/bin/python
	@echo "Installing the product's dependencies (once) …"
	@$(PIP) --requirement requirements.txt
	@touch $@

$(VENV)/bin/python:
	@sh scripts/make-venv.sh $(VENV)
