# make run     a server on loopback with a simulated WeChat and an embedded store, and the mini-program in the browser
# make test    all tests; installs what they need
# make check   the static checks
# make bench   figures of this machine

CARGO ?= cargo

.PHONY: run test check bench

run: preview
	$(CARGO) run -p yibi-server --bin yibi-server -- dev $(ARGS)

# Without Node.js the server runs all the same, and says how to get the preview.
.PHONY: preview
preview:
	@./miniprogram/preview/build || echo "The mini-program's preview was not built; the server runs without it." >&2

test:
	./tests/run

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	./tests/licences

bench:
	./tests/services $(CARGO) run --release -p yibi-tests --bin bench
