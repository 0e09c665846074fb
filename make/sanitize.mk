
# nginx-dev has no sources, and only a static build lets a sanitizer see all of
# nginx, so these need a source tree: NGINX_SRC or Debian's.

ASAN_OPTS := detect_stack_use_after_return=1:detect_odr_violation=0
LSAN_OPTS := suppressions=$(ROOT)/make/lsan.supp:print_suppressions=0

.PHONY: asan asan-test tsan tsan-test

asan tsan:
	@src='$(NGINX_SRC)'; \
	test -n "$$src" || src=$$(tools/fetch-nginx-source) || exit 1; \
	$(MAKE) --no-print-directory KIND=$@ CC=clang NGINX_SRC="$$src" $@-test

# Measuring memory makes no sense here, and the leak checker cannot do its work
# under strace.

ASAN_SKIP := t/conf_no_network.t t/large_%.t t/form_large_%.t t/memory_%.t \
	t/credentials_core% t/credentials_wipe%

# Reports are collected in files: the workers that would write them to a log
# are often not the process that a test looks at.

define WITH_REPORTS
	@reports=$$(mktemp -d) && chmod 1777 $$reports || exit 1; \
	export ASAN_OPTIONS=$(ASAN_OPTS):log_path=$$reports/$(KIND); \
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$$reports/$(KIND); \
	export LSAN_OPTIONS=$(LSAN_OPTS); \
	export TSAN_OPTIONS=$(TSAN_OPTS):log_path=$$reports/$(KIND); \
	$(1); rc=$$?; \
	if [ -n "$$(ls $$reports)" ]; then \
	    for report in $$(ls -d $$reports/* | head -n 20); do \
	        echo "== $${report##*/}"; head -n 60 $$report; \
	    done; \
	    echo "$(KIND): $$(ls $$reports | wc -l) reports"; rc=1; \
	fi; \
	rm -rf $$reports; \
	exit $$rc
endef

asan-test: test-build
	$(call WITH_REPORTS,$(RUN_PROVE) $(filter-out $(ASAN_SKIP),$(TESTS)))


# The tests of the refresher, which is all that has a second thread.  With too
# random addresses ThreadSanitizer cannot start, depending on the kernel.  It
# needs names of functions for suppressions: a worker has no PATH, and one of
# another user may have no right to read its own binary.  The program that finds
# the names out is a child that keeps the connections of a worker that is killed.
# A binary upgrade loses the options, and one test counts threads, of which the
# sanitizer has its own.

TSAN_OPTS = suppressions=$(ROOT)/make/tsan.supp:print_suppressions=0$(addprefix \
	:external_symbolizer_path=,$(shell command -v llvm-symbolizer))

TSAN_TESTS := t/cos_wait.t t/credentials_file% t/credentials_single.t \
	t/provider_% t/refresh_% t/refused_%
TSAN_SKIP := t/credentials_file_retry.t t/credentials_file_unreadable.t \
	t/refresh_kill_slow.t t/refresh_life.t t/refresh_shutdown_slow.t \
	t/refresh_upgrade_slow.t

NO_ASLR = $(shell setarch -R true 2>/dev/null && echo setarch -R)

tsan-test: test-build
	$(call WITH_REPORTS,$(TEST_ENV) $(NO_ASLR) $(PROVE) -j$(TEST_JOBS) \
	    $(filter-out $(TSAN_SKIP),$(filter $(TSAN_TESTS),$(TESTS))))


# Every nginx we promise to build against, or the one of NGINX_SRC; "nossl" is
# without OpenSSL.  nginx compiles addons with -W -Wall -Werror, but for unused
# parameters.

MATRIX ?= bookworm trixie sid

.PHONY: matrix

matrix:
	@mkdir -p build; failed=; \
	for suite in $(if $(NGINX_SRC),'$(NGINX_SRC)',$(MATRIX)); do \
	    src=$$suite; \
	    if [ ! -d "$$src" ]; then \
	        src=$$(tools/fetch-nginx-source $$suite) || { \
	            failed="$$failed $$suite:source"; continue; }; \
	    fi; \
	    for cc in gcc clang; do for kind in dynamic static nossl; do \
	        echo "matrix: $$suite $$cc $$kind"; \
	        $(MAKE) --no-print-directory NGINX_SRC="$$src" CC=$$cc \
	            KIND=$$kind nginx > build/matrix.log 2>&1 \
	            || { tail -n 30 build/matrix.log; \
	                 failed="$$failed $$suite:$$cc:$$kind"; }; \
	    done; done; \
	done; \
	test -z "$$failed" || { echo "matrix: failed:$$failed"; exit 1; }
