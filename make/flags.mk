
# KIND is internal: dynamic, static, nossl, asan or tsan.

KIND ?= dynamic

CC_OPT ?= -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
LD_OPT ?= -Wl,-z,relro -Wl,-z,now

ifeq ($(KIND),asan)

# nginx itself trips nonnull-attribute (an empty "%V") and function (module
# contexts); NGX_DEBUG_PALLOC makes overruns inside of pools visible

override CC_OPT := -O1 -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1 \
	-fsanitize=address,undefined -fno-sanitize=nonnull-attribute,function \
	-fno-sanitize-recover=undefined \
	-fsanitize-ignorelist=$(ROOT)/make/ubsan.ignore
override LD_OPT := -fsanitize=address,undefined

endif

ifeq ($(KIND),tsan)

override CC_OPT := -O1 -fno-omit-frame-pointer -fsanitize=thread
override LD_OPT := -fsanitize=thread

endif
