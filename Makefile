# make demo: the lab, a deploy, its status.   make test: every check and every test, on real hosts.
# Both install what is missing: Debian packages for the lab, and a virtual environment in .venv.

PYTHON ?= python3.11
BIN := .venv/bin
SEED ?= 1
SAMPLE ?= 300
FILES ?=
# Two labs side by side: most of the time somebody waits for an election, a transfer or a time-out. A file a lab.
# Why one failed is told at once: a run that is ended from outside would take it along.
E2E := $(BIN)/pytest -v -n 2 --dist loadfile --instafail --durations=40
COMPILE := uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.PHONY: demo test test-all test-all-13 test-all-12 test-openstack-13 test-openstack-12 check mutants bench lock pictures programs

demo: .venv/ready programs
	$(BIN)/halab up
	$(BIN)/pyinfra -y inventory.py deploy/ha.py
	$(BIN)/hatui status
	@cat docs/next-steps.txt

test: check programs
	$(E2E) -m "lab and not thorough and not openstack" tests/e2e tests/lab

# What repeats a test of `make test` too (each says why: the marker thorough), all of `make test` on real hosts on Debian 12
# as well, and OpenStack on both. A part after the other; `make -k test-all` goes on after a part that failed.
test-all: check test-all-13 test-all-12 test-openstack-13 test-openstack-12

test-all-13: programs
	$(E2E) -m "lab and not openstack" tests/e2e tests/lab

test-all-12: programs
	HALAB_RELEASE=bookworm $(E2E) -m "lab and not thorough and not openstack" tests/e2e

test-openstack-13: programs
	HALAB_OPENSTACK=1 $(BIN)/pytest -v --instafail -m openstack tests/e2e tests/lab

test-openstack-12: programs
	HALAB_OPENSTACK=1 HALAB_RELEASE=bookworm $(BIN)/pytest -v --instafail -m openstack tests/e2e tests/lab

check: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 -m "not lab" tests/unit tests/lab

# Whether the unit tests notice small changes of the code that decides: a random sample, SEED=1 SAMPLE=300 FILES=...
mutants: .venv/ready-for-mutants
	$(BIN)/python -m tests.mutants --seed $(SEED) --sample $(SAMPLE) $(FILES)

bench: .venv/ready programs
	$(BIN)/python -m bench

pictures: .venv/ready-for-tests
	$(BIN)/python -m tests.unit.tui.pictures

programs:
	@sh lab/install-programs

.venv/bin/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || sh lab/install-programs $(PYTHON)-venv
	$(PYTHON) -m venv .venv

# The hashes pin what is installed; the project itself is built without fetching anything more.
.venv/ready: .venv/bin/python requirements.txt pyproject.toml
	$(BIN)/pip install -q --require-hashes --no-deps -r requirements.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-for-tests: .venv/ready requirements-test.txt
	$(BIN)/pip install -q --require-hashes --no-deps -r requirements-test.txt
	@touch $@

.venv/ready-for-mutants: .venv/ready-for-tests requirements-mutants.txt
	$(BIN)/pip install -q --require-hashes --no-deps -r requirements-mutants.txt
	@touch $@

lock:
	$(COMPILE) --extra build pyproject.toml -o requirements.txt
	$(COMPILE) --extra build --extra test pyproject.toml -o requirements-test.txt
	$(COMPILE) --extra mutants -c requirements-test.txt pyproject.toml -o requirements-mutants.txt
