# make run     a server on loopback with a simulated WeChat and an embedded store, and the mini-program in the browser
# make test    all tests; installs what they need
# make check   the static checks
# make advisories  known vulnerabilities of the dependencies; needs the network
# make bench   figures of this machine, beside what its databases and libraries reach by themselves
# make bench-app  how smooth the mini-program's ink is and how fast the app, in a browser; ARGS=--peers for other libraries
# make chaos   faults while people draw, and whether anything is lost; about half an hour
# make soak    servers at half of what they can do for SECONDS=1800 on each store: that they do not grow
# make dist    packages for machines like this one, in target/packages
# make fuzz    all fuzz targets, SECONDS=60 each

CARGO ?= cargo

.PHONY: run preview test check advisories bench bench-large bench-app chaos soak dist fuzz

run: preview
	$(CARGO) run -p yibi-server --bin yibi-server -- dev $(ARGS)

# Without Node.js the server runs all the same, and its first page says how to get the preview.
preview:
	@if node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' 2>/dev/null; then \
		cd miniprogram && { [ -d node_modules ] || npm ci --no-audit --no-fund; } && node preview/build.mjs; \
	else \
		echo "Node.js 20 or newer is not there: the mini-program's preview is left out." >&2; \
	fi

test:
	./tests/run

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	./tests/features
	./tests/licences

advisories:
	./tests/advisories

bench:
	$(CARGO) build --release -p yibi-server -p yibi-tools --bins
	./tests/services target/release/bench $(ARGS)

# The same, then again beside a million sessions and drawings of others, and what operators' pages cost then.
bench-large:
	$(MAKE) bench ARGS="--foreign 1000000 $(ARGS)"

bench-app: preview
	$(CARGO) build -p yibi-server --bins
	@case "$(ARGS)" in *--peers*) cd tests/browser/bench && npm ci --no-audit --no-fund ;; esac
	node tests/browser/bench/ink.mjs $(ARGS)
	node --test tests/browser/bench/speed.mjs

chaos:
	$(CARGO) build --release -p yibi-server -p yibi-tools --bins
	./tests/services target/release/chaos $(ARGS)

soak:
	$(MAKE) bench ARGS="--soak $(or $(SECONDS),1800) $(ARGS)"

dist:
	./deploy/package/dist

fuzz:
	./fuzz/run $(or $(SECONDS),60)
