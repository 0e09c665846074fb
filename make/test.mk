
# TESTS narrows what is run: make test TESTS=t/cos_pass.t

TESTS ?= $(sort $(shell find t -name node_modules -prune -o -name '*.t' -print))
SLOW := %_slow.t t/slow/%

TEST_JOBS ?= $(JOBS)

TEST_ENV = COS_UNIT=$(UNIT) TEST_NGINX_BINARY=$(NGINX) \
	$(if $(filter dynamic,$(KIND)), \
	    TEST_NGINX_MODULE=$(V)/ngx_http_cos_module.so, \
	    NGINX_COS_STATIC=1)

RUN_PROVE = $(TEST_ENV) $(PROVE) -j$(TEST_JOBS)

# the official SDKs and what else tests take from npm

NODE_LOCKS := $(wildcard package-lock.json t/package-lock.json \
	t/*/package-lock.json)
NODE_STAMPS := $(NODE_LOCKS:package-lock.json=node_modules/.package-lock.json)

.PHONY: run test check style test-build

run: all
	@TEST_NGINX_BINARY=$(NGINX) \
	    TEST_NGINX_MODULE=$(V)/ngx_http_cos_module.so tools/run

test: style test-build
	$(RUN_PROVE) $(TESTS)

check: style test-build
	$(RUN_PROVE) $(filter-out $(SLOW),$(TESTS))

style:
	@$(PERL) tools/check-style

ifeq ($(KIND),dynamic)
test-build: all
endif

test-build: nginx unit-build $(NODE_STAMPS)

$(NODE_STAMPS): %node_modules/.package-lock.json: %package-lock.json
	cd ./$* && npm ci --no-audit --no-fund --no-update-notifier
	@touch $@
