
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

.PHONY: unit unit-build

unit: unit-build
	@COS_UNIT=$(UNIT) $(PROVE) t/unit.t

unit-build: $(UNIT)
ifeq ($(KIND),dynamic)
	@make/publish $(UNIT) $(B)/unit
endif

$(UNIT): $(UNIT_OBJS)
	@echo "link $(patsubst $(ROOT)/%,%,$@)"
	@$(CC) -o $@ $^ $(LD_OPT) -ljansson -lxml2 -lcrypto

$(V)/unit/%.o: %.c $(V)/objs/Makefile
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) -c -MMD -MP $(UNIT_CFLAGS) $(UNIT_INCS) -o $@ $<

-include $(UNIT_OBJS:.o=.d)


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
