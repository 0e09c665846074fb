
# One directory in build/ for each nginx, compiler and kind of build, so that
# switching between them costs nothing:
#
#   build/debian, build/nginx-1.31.5-clang, build/nginx-1.26.3-asan, ...

ifdef NGINX_SRC

NGX_TREE := $(abspath $(NGINX_SRC))
NGX_VERSION := $(shell sed -n 's/^.define NGINX_VERSION *"\(.*\)"/\1/p' \
                           '$(NGX_TREE)/src/core/nginx.h' 2>/dev/null)

ifeq ($(NGX_VERSION),)
$(error NGINX_SRC=$(NGINX_SRC) is not an nginx source tree)
endif

VARIANT := nginx-$(NGX_VERSION)

else

NGX_TREE := /usr/share/nginx/src
VARIANT := debian

endif

ifeq ($(filter gcc,$(notdir $(CC)))$(filter asan tsan,$(KIND)),)
VARIANT := $(VARIANT)-$(notdir $(CC))
endif

ifneq ($(KIND),dynamic)
VARIANT := $(VARIANT)-$(KIND)
endif

V := $(B)/$(VARIANT)

# /usr/sbin is on PATH for root only

ifdef NGINX_SRC
NGINX := $(V)/nginx
else
NGINX ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v nginx)
endif

# of the modules that tests combine cos_pass with

NGX_FLAGS := \
	--with-compat \
	--with-debug \
	--with-threads \
	--with-http_addition_module \
	--with-http_auth_request_module \
	--with-http_mp4_module \
	--with-http_realip_module \
	--with-http_secure_link_module \
	--with-http_slice_module \
	--with-http_ssl_module \
	--with-http_stub_status_module \
	--with-http_sub_module \
	--with-http_v2_module

# for buckets that are spoken to in plain http

ifeq ($(KIND),nossl)
NGX_FLAGS := $(filter-out --with-http_ssl_module,$(NGX_FLAGS))
endif

ADD_MODULE := $(if $(filter dynamic,$(KIND)),--add-dynamic-module,--add-module)

# What the configured tree depends on, beside files.  nginx-dev is named by
# its version, since the time stamps of packaged files may go back.

CC_VERSION := $(shell $(CC) -dumpversion 2>/dev/null)

ifndef NGINX_SRC
NGX_DEV_VERSION := $(shell \
	dpkg-query -W -f '$${Version}' nginx-dev 2>/dev/null)
endif

define SIGNATURE :=
$(NGX_TREE) $(NGX_VERSION)$(NGX_DEV_VERSION)
$(CC) $(CC_VERSION) $(CC_OPT) $(LD_OPT)
$(if $(NGINX_SRC),$(NGX_FLAGS)) $(ADD_MODULE)=$(ROOT)
endef

# errors are seen anyway

NGX_MAKE = $(SUBMAKE) $(if $(VERBOSE),,-s) --no-print-directory -C $(V)/tree -f $(V)/objs/Makefile


.PHONY: all static nginx configure

all: nginx
	@make/publish $(V)/ngx_http_cos_module.so $(B)/ngx_http_cos_module.so
ifdef NGINX_SRC
	@make/publish $(V)/nginx $(B)/nginx
endif

static:
	$(if $(NGINX_SRC),,$(error make static needs NGINX_SRC=DIR))
	@$(MAKE) --no-print-directory KIND=static nginx
	@echo "built $(patsubst $(ROOT)/%,%,$(V))-static/nginx"

configure: $(V)/objs/Makefile

# objects are nginx's makefile's business

nginx: $(V)/objs/Makefile
ifdef NGINX_SRC
	@$(NGX_MAKE) binary
	@make/publish $(V)/objs/nginx $(V)/nginx
endif
ifeq ($(KIND),dynamic)
	@$(NGX_MAKE) modules
	@make/publish $(V)/objs/ngx_http_cos_module.so \
	    $(V)/ngx_http_cos_module.so
endif

$(V)/objs/Makefile: $(V)/signature config make/configure
	@CC='$(CC)' CC_OPT='$(CC_OPT)' LD_OPT='$(LD_OPT)' NGINX='$(NGINX)' \
	    make/configure '$(NGX_TREE)' '$(V)' $(if $(NGINX_SRC),full,dev) \
	    $(if $(NGINX_SRC),$(NGX_FLAGS)) $(ADD_MODULE)=$(ROOT)

export SIGNATURE

$(V)/signature: FORCE
	@mkdir -p $(V)
	@printf '%s\n' "$$SIGNATURE" | cmp -s - $@ \
	    || printf '%s\n' "$$SIGNATURE" > $@
