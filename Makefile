# quickstart  install what is missing, build, launch a simulated guest, say what to try next
# build       release build of cvmctl and cvm-qemu
# test        install what the tests need, build, all tests (integration tests need root: sudo is used)
# torture     the tests that kill and fail every mutating command, at every call instead of a few
# bench       ratios to virsh, virt-qemu-sev-validate and sev-snp-measure, `name: value` lines
# lint        format, import rule, forbidden constructs, scripts, manual pages
# install     into $(DESTDIR)$(PREFIX)
# clean       remove what was built
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: quickstart build test torture bench lint install clean

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

PROGRAMS := cvmctl cvm-qemu
RELEASE := .build/release
# Integration tests start a libvirtd of their own in new namespaces, which takes root.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo env "PATH=$$PATH" "HOME=$$HOME" "CI=$${CI:-}")

quickstart: build
	.ci/packages quickstart
	CVMCTL=$(RELEASE)/cvmctl Examples/quickstart.sh

# Package.swift searches .build/static-cxx first, where libstdc++ and GCC's unwinder exist as archives only: the link takes
# these, and a start loads two shared libraries less.
build:
	.ci/packages build
	mkdir -p .build/static-cxx
	gcc=$$(ls -vd /usr/lib/gcc/*/*/libstdc++.a | tail -n 1); gcc=$${gcc%/*}; \
	ln -sf "$$gcc/libstdc++.a" .build/static-cxx/libstdc++.a; \
	ln -sf "$$gcc/libgcc_eh.a" .build/static-cxx/libgcc_s.a
	for program in $(PROGRAMS); do \
	  $(SWIFT) build -c release --static-swift-stdlib --product $$program; \
	done
	Tests/lint/binaries $(RELEASE)

test: build
	.ci/packages test
	Tests/prepare
	$(SWIFT) build --build-tests
	$(AS_ROOT) $(SWIFT) test --skip-build

torture: build
	.ci/packages test
	$(SWIFT) build --build-tests
	CVM_TORTURE=1 $(SWIFT) test --skip-build --filter 'TortureTests|DamagedKeysTests'

bench: build
	.ci/packages test
	Tests/prepare
	$$(command -v gcc clang | head -n 1) -O2 -Wall -static -o .build/measure bench/measure.c
	$(AS_ROOT) /usr/bin/python3 bench/run.py $(RELEASE) .build/measure

lint:
	.ci/packages lint
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	Tests/lint/floors
	Tests/lint/forbidden
	Tests/lint/scripts
	mandoc -T lint -W warning $(wildcard man/*.[1-8])

install:
	@for program in $(PROGRAMS); do \
	  [[ -x $(RELEASE)/$$program ]] || { echo "nothing built: run 'make build' first" >&2; exit 1; }; \
	done
	install -d "$(DESTDIR)$(PREFIX)/bin"
	for program in $(PROGRAMS); do \
	  install -m 0755 --strip $(RELEASE)/$$program "$(DESTDIR)$(PREFIX)/bin/$$program"; \
	done
	for page in $(wildcard man/*.[1-8]); do \
	  install -D -m 0644 $$page "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; \
	done
	for script in $(wildcard completions/*.bash); do \
	  name=$${script##*/}; \
	  install -D -m 0644 $$script \
	    "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$${name%.bash}"; \
	done
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	for unit in systemd/*; do \
	  sed "s|@PREFIX@|$(PREFIX)|" $$unit > "$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}"; \
	  chmod 0644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}"; \
	done

clean:
	rm -rf .build
