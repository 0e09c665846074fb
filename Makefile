#
#   make                        the module, for the nginx on PATH (nginx-dev)
#   make NGINX_SRC=DIR          the module and nginx itself, from sources
#   make static NGINX_SRC=DIR   nginx with the module linked in
#   make run                    a local COS and nginx in front of it
#   make test                   all tests; also with NGINX_SRC=DIR
#   make check                  style, unit tests and the fast tests
#   make style                  the coding style alone
#   make unit                   the unit tests alone
#   make soak                   rotation of credentials, SOAK_SECONDS=60
#   make asan                   all tests under AddressSanitizer and UBSan
#   make tsan                   the tests of the refresher under ThreadSanitizer
#   make fuzz                   each fuzzer for FUZZ_SECONDS=60
#   make bench                  what cos_pass costs beside proxy_pass; QUICK=1
#   make bench-check            its instruction counts against bench/bounds
#   make bench-profile          where they go; CASE=miss, kept, token or hit
#   make matrix                 builds with gcc and clang, for each nginx
#   make clean                  removes what was built, keeps nginx sources
#
# CC=clang, CC_OPT and LD_OPT are honored.  Everything is written to build/.
#

ROOT := $(CURDIR)
B := $(ROOT)/build

ifneq ($(words $(ROOT)),1)
$(error nginx cannot build modules in a directory with spaces: "$(ROOT)")
endif

ifeq ($(origin CC),default)
CC := gcc
endif

JOBS ?= $(or $(shell nproc 2>/dev/null),2)
PROVE ?= prove
PERL ?= perl

# nginx's makefile is built in parallel even when we were called without -j

SUBMAKE = $(MAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

include make/flags.mk
include make/nginx.mk
include make/unit.mk
include make/test.mk
include make/sanitize.mk
include make/bench.mk

.PHONY: clean
clean:
	find $(B) -mindepth 1 -maxdepth 1 ! -name src -exec rm -rf {} + \
	    2>/dev/null || true

.PHONY: FORCE
FORCE:
