
# The pure sources, cos_*.c, with what they need of nginx.  What t/unit has
# beside main.c and test_*.c is shared with the fuzzers.

UNIT := $(V)/unit/unit

UNIT_SRCS := $(wildcard t/unit/*.c) $(wildcard src/cos_*.c)
UNIT_OBJS := $(UNIT_SRCS:%.c=$(V)/unit/%.o)

UNIT_INCS = $(addprefix -I$(V)/tree/src/,core event event/modules \
	event/quic os/unix http http/modules) -I$(V)/objs -Isrc -It/unit \
	-I/usr/include/libxml2

UNIT_CFLAGS = -g $(CC_OPT) -W -Wall -Wpointer-arith -Wno-unused-parameter \
	-Werror

# The same again with what cos_hmac.c has for others than OpenSSL: "final" for
# libraries that keep their state to themselves, "core" for an nginx without
# any, whose own SHA-1 is used then.  nginx-dev has no source of that.

UNIT_FINAL := $(UNIT)-final
UNIT_CORE := $(if $(NGINX_SRC),$(UNIT)-core)

UNIT_HMAC := $(V)/unit/src/cos_hmac.o

UNIT_FINAL_OBJS := $(filter-out $(UNIT_HMAC),$(UNIT_OBJS)) \
	$(UNIT_HMAC:$(V)/unit/%=$(V)/unit-final/%)
UNIT_CORE_OBJS := $(UNIT_OBJS:$(V)/unit/%=$(V)/unit-core/%)

UNIT_SHA1 := $(if $(NGINX_SRC),$(V)/unit/ngx_sha1.o)

.PHONY: unit unit-build

unit: unit-build
	@COS_UNIT=$(UNIT) $(PROVE) t/unit.t t/unit_sha1.t

unit-build: $(UNIT) $(UNIT_FINAL) $(UNIT_CORE)
ifeq ($(KIND),dynamic)
	$(if $(UNIT_CORE),,@rm -f $(B)/unit-core)
	@for unit in $^; do make/publish $$unit $(B)/$${unit##*/}; done
endif

$(UNIT): $(UNIT_OBJS)
$(UNIT_FINAL): $(UNIT_FINAL_OBJS)
$(UNIT)-core: $(UNIT_CORE_OBJS)

$(UNIT) $(UNIT_FINAL) $(UNIT)-core: $(UNIT_SHA1)
	@echo "link $(patsubst $(ROOT)/%,%,$@)"
	@$(CC) -o $@ $^ $(LD_OPT) -ljansson -lxml2 -lcrypto

$(V)/unit-final/%.o: UNIT_CFLAGS += -DCOS_SHA1_STATE=0
$(V)/unit-core/%.o: UNIT_CFLAGS += -DNGX_OPENSSL=0

define UNIT_CC
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) -c -MMD -MP $(UNIT_CFLAGS) $(UNIT_INCS) -o $@ $<
endef

$(V)/unit/%.o: %.c $(V)/objs/Makefile
	$(UNIT_CC)

$(V)/unit-final/%.o: %.c $(V)/objs/Makefile
	$(UNIT_CC)

$(V)/unit-core/%.o: %.c $(V)/objs/Makefile
	$(UNIT_CC)

$(V)/unit/ngx_sha1.o: $(NGX_TREE)/src/core/ngx_sha1.c $(V)/objs/Makefile
	$(UNIT_CC)

-include $(UNIT_OBJS:.o=.d) $(UNIT_FINAL_OBJS:.o=.d) $(UNIT_CORE_OBJS:.o=.d)


# Fuzzers: each t/fuzz/fuzz_NAME.c is one, with seeds in t/fuzz/corpus/NAME.

FUZZ_SECONDS ?= 60
FUZZ_OPT := -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-fno-sanitize=nonnull-attribute,function

FUZZERS := $(patsubst t/fuzz/fuzz_%.c,%,$(wildcard t/fuzz/fuzz_*.c))
FUZZ_SRCS := $(wildcard src/cos_*.c) \
	$(filter-out t/unit/main.c t/unit/test_%,$(wildcard t/unit/*.c))

.PHONY: fuzz $(FUZZERS:%=fuzz-%)

fuzz: $(FUZZERS:%=fuzz-%)
	$(if $(FUZZERS),,$(error there are no fuzzers in t/fuzz))

# what a run finds goes to build/fuzz, never to the seeds

$(FUZZERS:%=fuzz-%): fuzz-%: $(B)/fuzz/%
	@mkdir -p $(B)/fuzz/$*.corpus
	cd $(B)/fuzz && ./$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -print_final_stats=1 -artifact_prefix=$*- $*.corpus \
	    $(addprefix -dict=,$(wildcard $(ROOT)/t/fuzz/fuzz.dict)) \
	    $(wildcard $(ROOT)/t/fuzz/corpus/$*)

$(FUZZERS:%=$(B)/fuzz/%): $(B)/fuzz/%: t/fuzz/fuzz_%.c $(FUZZ_SRCS) \
		$(wildcard src/*.h t/unit/*.h) $(V)/objs/Makefile
	@mkdir -p $(@D)
	@echo "link build/fuzz/$*"
	@clang $(filter-out -O% -D_FORTIFY%,$(UNIT_CFLAGS)) $(FUZZ_OPT) \
	    $(UNIT_INCS) -o $@ $(filter %.c,$^) -ljansson -lxml2 -lcrypto
