# SPDX-License-Identifier: GPL-3.0-or-later
# `make help` lists the targets. Everything is built under build/<hash of the flags>/.

VERSION := $(shell awk '/define COSIM_VERSION_(MAJOR|MINOR|PATCH)/ { printf "%s%s", sep, $$3; sep = "." }' include/cosim.h)

CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O3 -g
WERROR ?= 1
OPENMP ?= 1
SAN ?=
NATIVE ?= 0
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share/cosim
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/cosim

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wcast-align \
        -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wredundant-decls
WARN += $(if $(filter 1,$(WERROR)),-Werror)

LIBS_PC := gsl nlopt jansson
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PC) 2>/dev/null)
DEP_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS_PC) 2>/dev/null || echo -lgsl -lgslcblas -lnlopt -ljansson) -lglpk -lcsv -lm

ALL_CPPFLAGS := -Iinclude -Isrc -Itests -D_POSIX_C_SOURCE=200809L $(DEP_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS := -std=c11 -fPIC -fvisibility=hidden -fno-math-errno -fno-trapping-math \
              -ffp-contract=off $(if $(filter 1,$(OPENMP)),-fopenmp) $(WARN) \
              $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
              $(if $(filter 1,$(NATIVE)),-march=native) $(CFLAGS)
ALL_LDFLAGS := $(if $(SAN),-fsanitize=$(SAN)) $(if $(filter 1,$(OPENMP)),-fopenmp) $(LDFLAGS)

CONF := $(shell echo '$(CC) $(ALL_CFLAGS) $(ALL_CPPFLAGS) $(ALL_LDFLAGS)' | cksum | cut -d' ' -f1)
BUILD ?= build/$(if $(SAN),san-)$(CONF)

ROOMS ?= $(filter-out cli,$(notdir $(patsubst %/,%,$(wildcard src/*/))))
LIB_SRC := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c src/$(r)/*/*.c)))
CLI_SRC := $(sort $(wildcard src/cli/*.c))
TEST_SRC := $(sort $(wildcard tests/*/test_*.c))
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
BENCH_SRC := $(sort $(wildcard bench/bench_*.c))
FUZZ_SRC := $(sort $(wildcard fuzz/fuzz_*.c))

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_A := $(BUILD)/libcosim.a
BIN := $(BUILD)/cosim
TESTS := $(patsubst %.c,$(BUILD)/%,$(TEST_SRC))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(BENCH_SRC))

all: $(BIN) ## build the program and the library
	$(Q)ln -sfn $(notdir $(BUILD)) build/latest

$(BUILD)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_CPPFLAGS) -MMD -MP -c -o $@ $<

$(LIB_A): $(call obj,$(LIB_SRC))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BIN): $(call obj,$(CLI_SRC)) $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(call obj,$(CLI_SRC)) $(LIB_A) $(ALL_LDFLAGS) $(DEP_LIBS)

$(TESTS): $(BUILD)/%: $(BUILD)/%.o $(call obj,$(SUPPORT_SRC)) $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(call obj,$(SUPPORT_SRC)) $(LIB_A) $(ALL_LDFLAGS) -lcmocka $(DEP_LIBS)

$(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB_A) $(ALL_LDFLAGS) $(DEP_LIBS)

tests: $(TESTS)

t: $(BUILD)/tests/$(T) ## build and run one test: make t T=core/test_csv
	$(Q)$<

.PHONY: all tests t
.SECONDARY:
-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
