
# TESTS narrows what is run: make test TESTS=t/cos_pass.t

TESTS ?= $(sort $(shell find t -name node_modules -prune -o -name '*.t' -print))
SLOW := %_slow.t t/slow/%

TEST_JOBS ?= $(JOBS)

TEST_ENV = COS_UNIT=$(UNIT) TEST_NGINX_BINARY=$(NGINX) \
	$(if $(filter dynamic,$(KIND)), \
	    TEST_NGINX_MODULE=$(V)/ngx_http_cos_module.so, \
	    NGINX_COS_STATIC=1)

RUN_PROVE = $(TEST_ENV) $(PROVE) -j$(TEST_JOBS)

SOAK_SECONDS ?= 60

.PHONY: run test check soak style test-build

# exec: a signal to make has to reach it

run: all
	@$(TEST_ENV) exec tools/run

test: style test-build
	$(RUN_PROVE) $(TESTS)

check: style test-build
	$(RUN_PROVE) $(filter-out $(SLOW),$(TESTS))

# for as long as it is told; SOAK_SEED repeats the dice of a run

soak: test-build
	SOAK_SECONDS=$(SOAK_SECONDS) $(TEST_ENV) $(PROVE) -v t/soak_slow.t

style:
	@$(PERL) tools/check-style

ifeq ($(KIND),dynamic)
test-build: all
endif

test-build: nginx unit-build
