# The one list of verbs: `make help` prints it. Every verb works as the first command in a fresh clone.
.POSIX:
.PHONY: help setup demo test check coverage docs bench generate clean
.PHONY: node portal chromium
.PHONY: check-format check-lint check-mypy check-pyright check-imports check-generated check-docs check-portal

BIN = .venv/bin
WEB = web/portal
PORTAL = src/chargewire/backoffice/portal
CORE = src/chargewire/*.py
NO_CORE = src/chargewire/certificates.py,src/chargewire/testing.py
UNIT = tests/unit
CORE_TESTS = $(UNIT)/test_backoff.py $(UNIT)/test_door.py $(UNIT)/test_duplicates.py \
	$(UNIT)/test_pages.py $(UNIT)/test_paths.py $(UNIT)/test_rates.py $(UNIT)/test_errors.py $(UNIT)/test_frames.py $(UNIT)/test_handshake.py \
	$(UNIT)/test_identity.py $(UNIT)/test_middleware.py $(UNIT)/test_outbox.py $(UNIT)/test_protocol*.py \
	$(UNIT)/test_routing.py $(UNIT)/test_security.py $(UNIT)/test_validation*.py $(UNIT)/test_vendor.py
SPHINX = $(BIN)/python -m sphinx --quiet --nitpicky --fail-on-warning --fresh-env docs
CHROMIUM = { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null
NOT_RUN = printf '\n%s\n%s\n\n' \
	'!!! NOT RUN: the tests that drive the portal in a browser. No Chromium was found.' \
	'!!! Install it (on Debian, as root: apt-get install chromium) and run make test again.'

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: node .venv/.synced portal ## install Python and Node dependencies into the clone, build the portal

demo: setup ## run a management system, its portal and two simulated stations
	$(BIN)/chargewire demo

test: setup chromium ## run every test, browser included
	$(BIN)/pytest
	cd $(WEB) && npm test
	@$(CHROMIUM) || $(NOT_RUN)

check: setup ## check format, lint, types, imports, generated files, documentation and the core's coverage
	@$(MAKE) -s -k -j 2 check-pyright coverage check-mypy check-portal check-docs check-generated check-imports \
		check-lint check-format

coverage: .venv/.synced ## hold the core to full branch coverage by its unit tests alone
	@$(BIN)/coverage run -m pytest $(CORE_TESTS)
	@$(BIN)/coverage report --include='$(CORE)' --omit='$(NO_CORE)' --skip-covered --show-missing --fail-under=100

docs: .venv/.synced ## build the documentation as web pages in build/docs
	@$(SPHINX) build/docs
	@echo 'The first page is build/docs/index.html'

bench: setup ## measure the server beside its peers (several minutes)
	$(BIN)/python -m tests.bench

generate: .venv/.synced ## write message classes anew from the schemas, and reference pages from the code
	$(BIN)/python tools/generate.py
	$(BIN)/python tools/reference.py

clean: ## remove what the other verbs made
	rm -rf .venv .uv $(WEB)/node_modules $(PORTAL) dist build artifacts
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find src tests tools examples -name __pycache__ -type d -prune -exec rm -rf {} +

# --- setup, step by step ----------------------------------------------------------------------------------------

node:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
		2>/dev/null && npm --version >/dev/null 2>&1 || { printf '%s\n' \
		'Node.js 20.19 or newer with npm is needed to build the portal, and was not found.' \
		'Debian: apt-get install nodejs npm. Elsewhere: https://nodejs.org/en/download' >&2; exit 1; }

# pip's --target also works where the system's Python is "externally managed", and leaves the home directory alone.
.venv/.synced: pyproject.toml uv.lock
	@PATH="$$PWD/.uv/bin:$$PATH"; \
	if ! uv --version >/dev/null 2>&1; then \
		printf '%s\n' 'uv is missing: installing it into .uv with pip'; \
		PIP_USER=no PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --target .uv uv; \
	fi; \
	uv sync --all-extras --locked
	@touch $@

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci
	@touch $@

portal: $(WEB)/node_modules/.package-lock.json
	@cd $(WEB) && test -f ../../$(PORTAL)/index.html && test -z "$$(find . -name node_modules -prune -o \
		-type f -newer ../../$(PORTAL)/index.html -print)" || npm run build

chromium:
	@if ! $(CHROMIUM) && test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		printf '%s\n' 'Installing Chromium for the browser tests'; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium || true; \
	fi; \
	$(CHROMIUM) || $(NOT_RUN)

# --- check, step by step ----------------------------------------------------------------------------------------

check-format:
	@$(BIN)/ruff format --check .

check-lint:
	@$(BIN)/ruff check .

check-mypy:
	@$(BIN)/mypy

check-pyright:
	@$(BIN)/pyright

check-imports:
	@$(BIN)/lint-imports

check-generated:
	@$(BIN)/python tools/check_generated.py

check-docs:
	@$(SPHINX) --builder dummy build/docs-check

check-portal:
	@cd $(WEB) && npm run --silent check
