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
WARN += $(if $(filter 1,$(OPENMP)),,-Wno-unknown-pragmas)
WARN += $(if $(filter 1,$(WERROR)),-Werror)

LIBS_PC := gsl nlopt jansson
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PC) 2>/dev/null)
DEP_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS_PC) 2>/dev/null || echo -lgsl -lgslcblas -lnlopt -ljansson) -lglpk -lcsv -lm

ALL_CPPFLAGS := -Iinclude -Isrc -Itests -D_POSIX_C_SOURCE=200809L -DCOSIM_DATADIR='"$(DATADIR)"' $(DEP_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS := -std=c11 -fPIC -fvisibility=hidden -fno-math-errno -fno-trapping-math \
              -ffp-contract=off $(if $(filter 1,$(OPENMP)),-fopenmp) $(WARN) \
              $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
              $(if $(filter 1,$(NATIVE)),-march=native) $(CFLAGS)
ALL_LDFLAGS := $(if $(SAN),-fsanitize=$(SAN)) $(if $(filter 1,$(OPENMP)),-fopenmp) $(LDFLAGS)

CONF := $(shell printf '%s' "$(subst ",,$(CC) $(ALL_CFLAGS) $(ALL_CPPFLAGS) $(ALL_LDFLAGS))" | cksum | cut -d' ' -f1)
BUILD ?= build/$(if $(SAN),san-)$(CONF)

ROOMS ?= $(filter-out cli,$(notdir $(patsubst %/,%,$(wildcard src/*/))))
LIB_SRC := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c src/$(r)/*/*.c)))
CLI_SRC := $(sort $(wildcard src/cli/*.c))
TEST_SRC := $(sort $(wildcard tests/*/test_*.c))
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
BENCH_SRC := $(sort $(wildcard bench/bench_*.c))
COMPARE_SRC := $(sort $(wildcard bench/compare_*.c))
FUZZ_SRC := $(sort $(wildcard fuzz/fuzz_*.c))

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_A := $(BUILD)/libcosim.a
BIN := $(BUILD)/cosim
TESTS := $(patsubst %.c,$(BUILD)/%,$(TEST_SRC))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(BENCH_SRC))
COMPARES := $(patsubst %.c,$(BUILD)/%,$(COMPARE_SRC))

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

$(BENCHES) $(COMPARES): $(BUILD)/%: $(BUILD)/%.o $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB_A) $(ALL_LDFLAGS) $(DEP_LIBS)

tests: $(TESTS)

t: $(BUILD)/tests/$(T) ## build and run one test: make t T=core/test_csv
	$(Q)$<

# --- the two commands of the README --------------------------------------------------------------

demo: ## install what is missing, build, run the flagship sweep with its pictures (in out/)
	$(Q)sh tools/bootstrap.sh build
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)COSIM=$(BUILD)/cosim sh tools/demo.sh

check: ## install what is missing, build with gcc and clang, run all tests
	$(Q)sh tools/bootstrap.sh check
	$(Q)$(MAKE) --no-print-directory check-all

check-all: lint-layers lint-shell
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) CC=gcc all tests benches example
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) CC=clang OPENMP=0 CFLAGS='-O1 -g' SAN=address,undefined all tests fuzz-replays
	$(Q)$(MAKE) --no-print-directory CC=clang OPENMP=0 CFLAGS='-O1 -g' SAN=address,undefined check-run
	$(Q)$(MAKE) --no-print-directory CC=gcc check-run

# Scripts run against the program of this configuration; slow ones only without sanitizers.
SCRIPTS := $(sort $(wildcard tests/cli/*.sh)) $(if $(SAN),,$(sort $(wildcard tests/install/*.sh)))
check-run: $(TESTS) $(BIN) $(if $(SAN),fuzz-replays)
	$(Q)COSIM=$(abspath $(BIN)) BUILD=$(BUILD) MAKE="$(MAKE)" SAN="$(SAN)" sh tools/run_tests.sh \
	    "$(CC)$(if $(SAN), with $(SAN))" $(TESTS) $(if $(SAN),$(REPLAYS)) $(SCRIPTS)

check-san: ## tests under AddressSanitizer and UBSan alone
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) CC=clang OPENMP=0 CFLAGS='-O1 -g' SAN=address,undefined check-run

JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# --- checks of the sources -----------------------------------------------------------------------

lint-layers: ## rooms include only what tools/layers.txt allows
	$(Q)awk -f tools/check_layers.awk tools/layers.txt $(sort $(wildcard src/*/*.[ch] src/*/*/*.[ch]))

lint-shell: ## shellcheck of all scripts
	$(Q)shellcheck $(sort $(wildcard tools/*.sh tests/*/*.sh .ci/run))

lint-data: $(BIN) ## the lint of hwdb and workloads
	$(Q)$(BIN) check hwdb workloads

format: ## clang-format of all C files
	$(Q)clang-format -i $(sort $(wildcard include/*.h src/*/*.[ch] src/*/*/*.[ch] tests/*/*.[ch] fuzz/*.c bench/*.c examples/*.c))

# --- fuzzing -------------------------------------------------------------------------------------

FUZZERS := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
REPLAYS := $(addsuffix .replay,$(FUZZERS))

# a plain program that feeds the corpus to the harness, with any compiler
$(BUILD)/fuzz/replay.o: fuzz/replay.c
$(REPLAYS): $(BUILD)/%.replay: $(BUILD)/%.o $(BUILD)/fuzz/replay.o $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(DEP_LIBS)
fuzz-replays: $(REPLAYS)

# make fuzz CC=clang SECONDS=60: libFuzzer on every harness
SECONDS ?= 30
fuzz: ## fuzz every parser with libFuzzer for SECONDS each (clang)
	$(Q)$(MAKE) --no-print-directory CC=clang OPENMP=0 SAN=fuzzer-no-link,address,undefined CFLAGS='-O1 -g' fuzz-run
$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(ALL_LDFLAGS) $(DEP_LIBS)
fuzz-run: $(FUZZERS)
	$(Q)for f in $(FUZZERS); do name=$$(basename $$f); mkdir -p out/fuzz/$$name; \
	    $$f -max_total_time=$(SECONDS) -print_final_stats=0 out/fuzz/$$name fuzz/corpus/$${name#fuzz_} || exit 1; done

# --- benchmarks ----------------------------------------------------------------------------------

benches: $(BENCHES)
compares: $(COMPARES) ## build the programs behind the tables of docs/search.md
bench: ## speed figures, one `name value unit` a line
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) CC=gcc all benches
	$(Q)for b in $(BENCHES); do $$b || exit 1; done

# --- library, example, installation --------------------------------------------------------------

SO := $(BUILD)/libcosim.so.$(VERSION)
SONAME := libcosim.so.0
$(SO): $(call obj,$(LIB_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(ALL_LDFLAGS) $(DEP_LIBS)

EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard examples/*.c)))
$(EXAMPLES): $(BUILD)/%: $(BUILD)/%.o $(LIB_A)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(DEP_LIBS)
example: $(EXAMPLES)

# folders below PREFIX follow it when the installed tree moves (pkg-config --define-variable=prefix=)
below = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
$(BUILD)/cosim.pc: cosim.pc.in FORCE
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(call below,$(LIBDIR))|' \
	    -e 's|@INCLUDEDIR@|$(call below,$(INCLUDEDIR))|; s|@DATADIR@|$(call below,$(DATADIR))|; s|@VERSION@|$(VERSION)|; s|@REQUIRES@|$(LIBS_PC)|' \
	    -e 's|@LIBS@|-lglpk -lcsv -lm$(if $(filter 1,$(OPENMP)), -lgomp)|' $< > $@
$(BUILD)/cosim.1: $(BIN)
	$(Q)$(BIN) help --man > $@
$(BUILD)/cosim.bash $(BUILD)/cosim.zsh $(BUILD)/cosim.fish: $(BUILD)/cosim.%: $(BIN)
	$(Q)$(BIN) help --completion $* > $@

INSTALL ?= install
install: $(BIN) $(LIB_A) $(SO) $(BUILD)/cosim.pc $(BUILD)/cosim.1 $(BUILD)/cosim.bash $(BUILD)/cosim.zsh $(BUILD)/cosim.fish ## install to $(DESTDIR)$(PREFIX)
	$(INSTALL) -D -m 755 $(BIN) $(DESTDIR)$(BINDIR)/cosim
	$(INSTALL) -D -m 644 include/cosim.h $(DESTDIR)$(INCLUDEDIR)/cosim.h
	$(INSTALL) -D -m 644 $(LIB_A) $(DESTDIR)$(LIBDIR)/libcosim.a
	$(INSTALL) -D -m 755 $(SO) $(DESTDIR)$(LIBDIR)/$(notdir $(SO))
	ln -sf $(notdir $(SO)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libcosim.so
	$(INSTALL) -D -m 644 $(BUILD)/cosim.pc $(DESTDIR)$(LIBDIR)/pkgconfig/cosim.pc
	$(INSTALL) -D -m 644 $(BUILD)/cosim.1 $(DESTDIR)$(MANDIR)/man1/cosim.1
	$(INSTALL) -D -m 644 $(BUILD)/cosim.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cosim
	$(INSTALL) -D -m 644 $(BUILD)/cosim.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_cosim
	$(INSTALL) -D -m 644 $(BUILD)/cosim.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/cosim.fish
	$(INSTALL) -d $(DESTDIR)$(DATADIR)/hwdb $(DESTDIR)$(DATADIR)/workloads $(DESTDIR)$(DATADIR)/reports $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 hwdb/* $(DESTDIR)$(DATADIR)/hwdb
	$(INSTALL) -m 644 $(wildcard workloads/*.*) $(DESTDIR)$(DATADIR)/workloads
	$(INSTALL) -d $(DESTDIR)$(DATADIR)/workloads/kvtuner $(DESTDIR)$(DATADIR)/workloads/studies
	$(INSTALL) -m 644 workloads/kvtuner/* $(DESTDIR)$(DATADIR)/workloads/kvtuner
	$(INSTALL) -m 644 workloads/studies/* $(DESTDIR)$(DATADIR)/workloads/studies
	$(INSTALL) -m 644 reports/*.gp $(DESTDIR)$(DATADIR)/reports
	$(INSTALL) -m 644 README.md CHANGELOG.md LICENSE $(DESTDIR)$(DOCDIR)

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
	rm -f $(DESTDIR)$(BINDIR)/cosim $(DESTDIR)$(INCLUDEDIR)/cosim.h $(DESTDIR)$(LIBDIR)/libcosim.* \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/cosim.pc $(DESTDIR)$(MANDIR)/man1/cosim.1 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cosim \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_cosim \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/cosim.fish

dist: ## source archive of HEAD
	git archive --prefix=cosim-$(VERSION)/ -o cosim-$(VERSION).tar.gz HEAD

clean: ## remove build/ and out/
	rm -rf build out

help: ## this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: all tests t demo check check-all check-run check-san lint-layers lint-shell lint-data format \
        fuzz fuzz-run fuzz-replays bench benches compares example install uninstall dist clean help FORCE
.SECONDARY:
-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
