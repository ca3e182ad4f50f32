# The front door: one line a target, over the scripts in scripts/. Meson and Ninja do the building.
#
#   make demo     install what is missing, build, run the demo       make bench  a table of numbers
#   make test     the same set-up, then every test                   make help   this list, in full

.PHONY: build web test demo bench san tsan fuzz sim kills chaos soak tidy fmt cov docs install deb image outdated clean help
.DEFAULT_GOAL := build

build: ## leaves build/bullfinch, with the dashboard inside where npm is there
	@scripts/setup build
	@scripts/web try
	@scripts/build gcc bullfinch

web: ## the dashboard, into web/out; brings a newer Node where it is needed
	@scripts/web

test: ## every test; the last line counts them
	@scripts/setup test
	@scripts/test

demo: ## a day of posts and prices at sixty times its speed, and the dashboard; KEEP=1 goes on where it was
	@scripts/setup demo
	@scripts/demo

bench: ## prints a table, writes build/bench.json
	@scripts/setup build
	@scripts/bench

san: ## the tests in C under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/setup test
	@scripts/test san

tsan: ## the tests with threads under ThreadSanitizer
	@scripts/setup test
	@scripts/test tsan

fuzz: ## looks for new inputs: T= one target (else all), N= seconds for each (60)
	@scripts/setup test
	@scripts/fuzz "$(T)" "$(N)"

sim: ## the bot against the simulated exchange, from SEED= (1) on, N= runs (10000), each another seed
	@scripts/setup test
	@scripts/sim "$(SEED)" "$(N)"

kills: ## the program killed N= times (500) while it trades on a simulated exchange, SEED= (1)
	@scripts/setup test
	@scripts/kills "$(N)" "$(SEED)"

chaos: ## the program in its processes apart while all goes wrong, N= seconds (600), SEED= (1)
	@scripts/setup test
	@scripts/chaos "$(N)" "$(SEED)"

soak: ## half an hour of posts with faults, beside a real Prometheus, N= seconds (1800), RATE= posts a second (500)
	@scripts/setup test
	@scripts/soak "$(N)" "$(RATE)"

tidy: ## the rules of the house, and the format
	@scripts/tidy
	@scripts/fmt --check

fmt: ## formats the C in place
	@scripts/fmt

cov: ## what the tests reach, by file
	@scripts/setup test
	@scripts/cov

docs: ## makes the generated pages in docs/ anew
	@scripts/setup build
	@scripts/docs

install: build ## PREFIX=/usr/local DESTDIR=
	@scripts/install "$(PREFIX)"

deb: ## a Debian package, build/bullfinch_VERSION_ARCHITECTURE.deb
	@scripts/setup deb
	@scripts/web try
	@scripts/deb

image: ## the container image bullfinch:local; needs a Docker daemon
	@docker build -f deploy/Dockerfile -t bullfinch:local --build-arg SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" .

outdated: ## which of its dependencies have newer versions, and which are known to be unsafe
	@scripts/dependencies outdated

clean: ## removes build/
	@rm -rf build

help:
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 16
