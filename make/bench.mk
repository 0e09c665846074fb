# What cos_pass costs beside proxy_pass, see docs/performance.md.  bench-check
# is the part that does not depend on the machine.

BENCH_SIGN := $(V)/bench/sign

BENCH_ENV = $(TEST_ENV) BENCH_SIGN=$(BENCH_SIGN) BENCH_DIR=$(V)/bench \
	QUICK='$(QUICK)' STEPS='$(STEPS)' ROUNDS='$(ROUNDS)'

.PHONY: bench bench-check bench-profile

bench: nginx $(BENCH_SIGN)
	@$(BENCH_ENV) bench/run

bench-check: nginx
	@$(BENCH_ENV) bench/run --check

bench-profile: nginx
	@$(BENCH_ENV) bench/run --profile $(or $(CASE),miss)

$(BENCH_SIGN): $(V)/unit/bench/sign.o \
		$(patsubst %.c,$(V)/unit/%.o,$(wildcard src/cos_*.c))
	@mkdir -p $(@D)
	@echo "link $(patsubst $(ROOT)/%,%,$@)"
	@$(CC) -o $@ $^ $(LD_OPT) -lxml2 -lcrypto

-include $(V)/unit/bench/sign.d
