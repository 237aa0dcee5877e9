# Slipway's build. One file, non-recursive: every object, library and program is a target here.
#   make help   lists what you can ask for.

BUILD ?= build

# ---- The one list of Debian packages: to build, to check, to test, to read -------------------------
PACKAGES := g++ make ccache pkg-config libboost1.81-dev nlohmann-json3-dev libcli11-dev catch2 \
  libarchive-dev libacl1-dev libbz2-dev liblzma-dev libzstd-dev zlib1g-dev libssl-dev \
  libseccomp-dev libcap-dev busybox-static bzip2 xz-utils zstd python3 python3-docker curl strace iproute2 procps skopeo \
  doxygen clang-tidy-14 clang-format-14 universal-ctags
# Besides, for the VM (make vm, make test-vm). What is installed inside it: tests/vm/image.py.
VM_PACKAGES := qemu-system-x86 qemu-utils mmdebstrap e2fsprogs util-linux

# ---- How things are compiled and linked -------------------------------------------------------------
# Two jobs unless you say otherwise (make -j8 wins over this; a make below a make inherits).
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j2
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

CCACHE := $(shell command -v ccache)
export CCACHE_NOHASHDIR := 1   # share the cache between checkouts: the path is not part of the key
CXX := $(CCACHE) g++

# Designated initialisers leave the rest at its default on purpose: no -Wmissing-field-initializers.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual \
  -Wno-missing-field-initializers -Werror
CXXFLAGS := -std=gnu++23 -O2 -g1 $(WARNINGS) -pthread -ffunction-sections -fdata-sections \
  -fstack-protector-strong
LDFLAGS := -pthread -Wl,--gc-sections
# Programs are static and at fixed addresses: nothing to find and nothing to relocate when a container
# starts, and nothing of the host's that could be swapped under a running shim.
ifdef SANITIZE
# The sanitizers' own code confuses one warning (GCC bug 105562).
CXXFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all \
  -Wno-maybe-uninitialized -Wno-tsan
LDFLAGS += -fsanitize=$(SANITIZE)
else
CXXFLAGS += -fno-pie -D_FORTIFY_SOURCE=2
LDFLAGS += -static -no-pie
endif

# Libraries that a stage brings along. All are static archives: a program carries only what it calls.
LIBS_05 := -larchive -lseccomp -lacl -lbz2 -llzma -lzstd -lz -lcrypto

# ---- What there is: stages, their sources and their programs ----------------------------------------
STAGES := $(sort $(wildcard stages/0?-*))
number_of = $(firstword $(subst -, ,$(notdir $1)))# stages/03-namespaces -> 03
NUMBERS := $(foreach s,$(STAGES),$(call number_of,$s))
folder_of = $(filter stages/$1-%,$(STAGES))# 03 -> stages/03-namespaces
upto = $(foreach n,$(NUMBERS),$(if $(filter $n,$(firstword $(sort $n $1))),$n))# 03 -> 01 02 03
reversed = $(if $1,$(call reversed,$(wordlist 2,99,$1)) $(firstword $1))
names_of = $(patsubst main_%.cpp,%,$(notdir $1))# stages/…/main_slipway.cpp -> slipway

mains_in = $(wildcard $(addsuffix /main_*.cpp,$1))
sources_in = $(wildcard $(addsuffix /*.cpp,$1) $(addsuffix /*/*.cpp,$1))# in the folder and in its rooms
pieces_in = $(filter-out $(call mains_in,$1),$(call sources_in,$1))
objects_of = $(patsubst %.cpp,$(BUILD)/obj/%.o,$1)

# A stage's libraries, its own first, then down: the linker looks for names in this order.
libs_upto = $(foreach n,$(call reversed,$(call upto,$1)),$(BUILD)/lib/libstage-$n.a)
extra_upto = $(strip $(foreach n,$(call reversed,$(call upto,$1)),$(LIBS_$n)))

SOURCES := $(call sources_in,$(STAGES) final)
TEST_SOURCES := $(filter-out tests/images/%,$(wildcard tests/*/*.cpp tests/*/*/*.cpp))

.PHONY: final all
final: ## build the programs for daily use into build/final/ (the default)
all: final ## build everything: final/, every stage, the tests, the images

# ---- Include views: stage N sees the stages up to N and nothing else ---------------------------------
# build/view/stage-03/ holds links to 01-…, 02-… and 03-…; the stamp's name changes when a stage comes.
VIEWS := $(BUILD)/view/.made$(subst $() ,,$(addprefix -,$(NUMBERS)))
$(VIEWS):
	@rm -rf $(BUILD)/view
	@$(foreach n,$(NUMBERS),mkdir -p $(BUILD)/view/stage-$n && \
	  ln -s $(foreach m,$(call upto,$n),$(CURDIR)/$(call folder_of,$m)) $(BUILD)/view/stage-$n/ &&) \
	mkdir -p $(BUILD)/view/final && ln -s $(addprefix $(CURDIR)/,$(STAGES) final) $(BUILD)/view/final/
	@touch $@

# What a source may include: its stage's view, and for final/ and the tests everything below.
stage_of_source = $(call number_of,$(word 2,$(subst /, ,$1)))
includes_of = $(if $(filter stages/%,$1),-I$(BUILD)/view/stage-$(call stage_of_source,$1),$(if \
  $(filter final/%,$1),-I$(BUILD)/view/final -Ifinal,-I$(BUILD)/view/final -Itests))

# ---- Compile: each source once, for all stages -------------------------------------------------------
$(BUILD)/obj/%.o: %.cpp $(BUILD)/.flags | $(VIEWS)
	@mkdir -p $(@D)
	@echo "  CXX  $<"
	@$(CXX) $(CXXFLAGS) $(call includes_of,$<) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.$$$$ && \
	  mv $@.$$$$ $@ # whole or not at all, whoever interrupts us

# The flags that the objects were made with; a change makes them anew.
$(BUILD)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXXFLAGS)' | cmp -s - $@ || echo '$(CXXFLAGS)' > $@
.PHONY: FORCE
FORCE:

-include $(patsubst %.o,%.d,$(call objects_of,$(SOURCES) $(TEST_SOURCES) tests/images/probe.cpp))

# ---- Archive and link ----------------------------------------------------------------------------------
archive = rm -f $@ && mkdir -p $(@D) && echo "  AR   $@" && ar rcsD $@ $^
link = mkdir -p $(@D) && echo "  LINK $@" && \
  { g++ $(CXXFLAGS) $(LDFLAGS) $1 -o $@ $2 2> $@.log; status=$$?; \
    grep -v $(NOT_CALLED) $@.log >&2; rm -f $@.log; exit $$status; }
# libcrypto mentions functions that in a static program need glibc's shared parts. We call none of them.
NOT_CALLED := -e 'in statically linked applications' -e 'libcrypto.a.*: in function'

# $1: a stage's number. Its library, and its programs: its own mains, linked with libraries up to it.
# A program that the stage does not put together anew is the one of the stage below (a hard link).
define stage_rules
$(BUILD)/lib/libstage-$1.a: $(call objects_of,$(call pieces_in,$(call folder_of,$1)))
	@$$(archive)
$(foreach main,$(call mains_in,$(call folder_of,$1)),
$(BUILD)/stage-$1/$(call names_of,$(main)): $(call objects_of,$(main)) $(call libs_upto,$1)
	@$$(call link,$$^,$(call extra_upto,$1)))
PROGRAMS_$1 := $$(sort $(call names_of,$(call mains_in,$(call folder_of,$1))) $$(PROGRAMS_BELOW))
$$(foreach name,$$(filter-out $(call names_of,$(call mains_in,$(call folder_of,$1))),$$(PROGRAMS_BELOW)),\
$$(eval $$(call inherit,$(BUILD)/stage-$1/$$(name),$$(STAGE_BELOW)/$$(name))))
PROGRAMS_BELOW := $$(PROGRAMS_$1)
STAGE_BELOW := $(BUILD)/stage-$1
.PHONY: programs-$1
programs-$1: $$(addprefix $(BUILD)/stage-$1/,$$(PROGRAMS_$1))
all: programs-$1
endef
define inherit
$1: $2
	@mkdir -p $$(@D) && ln -f $$< $$@
endef
$(foreach n,$(NUMBERS),$(eval $(call stage_rules,$n)))

$(BUILD)/lib/libfinal.a: $(call objects_of,$(call pieces_in,final))
	@$(archive)
FINAL_MAINS := $(call mains_in,final)
TOP := $(lastword $(NUMBERS))
$(foreach main,$(FINAL_MAINS),$(eval $(BUILD)/final/$(call names_of,$(main)): $(call objects_of,$(main))))
FINAL_PROGRAMS := $(addprefix $(BUILD)/final/,$(call names_of,$(FINAL_MAINS)))
$(FINAL_PROGRAMS): $(BUILD)/lib/libfinal.a $(call libs_upto,$(TOP))
	@$(call link,$(filter %.o,$^) $(filter %.a,$^),$(call extra_upto,$(TOP)))
$(foreach name,$(filter-out $(call names_of,$(FINAL_MAINS)),$(PROGRAMS_BELOW)),\
$(eval $(call inherit,$(BUILD)/final/$(name),$(STAGE_BELOW)/$(name))))
final: $(sort $(FINAL_PROGRAMS) $(addprefix $(BUILD)/final/,$(PROGRAMS_BELOW)))
	@echo "Slipway is built: $(BUILD)/final/ ($(notdir $^)). 'make help' says what else there is."

# ---- Tests: one program of all tests/**/*_test.cpp, with the harness --------------------------------
TESTS := $(BUILD)/tests/slipway-tests
$(TESTS): $(call objects_of,$(TEST_SOURCES)) $(BUILD)/lib/libfinal.a $(call libs_upto,$(TOP))
	@$(call link,$(filter %.o,$^) $(filter %.a,$^),$(call extra_upto,$(TOP)))
all: $(TESTS) images

# ---- Images for tests and demonstration ---------------------------------------------------------------
IMAGES := $(addprefix $(BUILD)/images/,busybox.tar busybox-oci.tar slipway-test.tar)
$(BUILD)/images/probe: $(call objects_of,tests/images/probe.cpp)
	@$(call link,$^)
$(IMAGES) &: tests/images/make_images.py $(BUILD)/images/probe /bin/busybox
	@python3 $< --probe $(BUILD)/images/probe $(BUILD)/images

# ---- What you ask for ------------------------------------------------------------------------------------
export PYTHONDONTWRITEBYTECODE := 1
export SLIPWAY_BUILD := $(BUILD)
.PHONY: help deps deps-vm run test vm test-vm images bench oracle doctor lint deps-picture print-links tidy format asan tsan storm \
  docs clean

help: ## this list
	@echo "Slipway: a container runtime that is also a course. You can ask for:"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@echo "  make stage-01     build one stage's programs, and say how to run them (01 to 07)"

deps: ## install the Debian packages that all of this needs (as root)
	@scripts/install_deps.sh $(PACKAGES)

deps-vm: deps ## and those for the VM
	@scripts/install_deps.sh $(VM_PACKAGES)

# These start from nothing, on a fresh machine: packages first, then a make that sees them.
run: deps ## build, start everything, run a container, show what each box did, clean up
	@$(MAKE) final images
	@scripts/run_demo.sh

test: deps $(if $(VM),deps-vm) ## build and test everything; ends with "N passed, N failed, N skipped"; VM=1: and in the VM
	@$(MAKE) all
	@scripts/run_tests.py $(ONLY)

vm: deps-vm ## a Debian VM to work in: systemd, cgroup v2, the engine; RESET=1 as new, CHECK=1 without you
	@$(MAKE) final images
	@tests/vm/workshop.py

test-vm: deps-vm ## the tests in a VM with cgroup v2; [ONLY='[limits]'] [INIT=systemd]; ends with the same line
	@$(MAKE) all
	@INIT=$(INIT) tests/vm/test_vm.py $(ONLY)

images: $(IMAGES) ## make the test images in build/images/ (no docker, no network)

bench: final images ## measure `run --rm` beside docker, podman and crun
	@python3 tests/bench/bench.py

oracle: final images ## ask a real dockerd the same things, where one is installed, and print what differs
	@python3 tests/oracle/oracle.py

doctor: ## look at this machine: can it build and run containers?
	@scripts/doctor.sh

STAGE_TARGETS := $(addprefix stage-,01 02 03 04 05 06 07)
.PHONY: $(STAGE_TARGETS)
$(STAGE_TARGETS): stage-%: programs-%
	@scripts/show_stage.sh $*
$(addprefix programs-,$(filter-out $(NUMBERS),01 02 03 04 05 06 07)): programs-%:
	@echo "Stage $* is not built yet. There are: $(NUMBERS)."; exit 1

lint: ## check the project's own rules (scripts/lint/), and print who includes whom
	@scripts/lint/lint.py
	@scripts/lint/lint.py --picture

deps-picture: ## the same as a graph, file by file, in build/includes.dot (and .svg with graphviz)
	@mkdir -p $(BUILD) && scripts/lint/lint.py --dot > $(BUILD)/includes.dot && echo "  DOT  $(BUILD)/includes.dot"
	@! command -v dot > /dev/null || dot -Tsvg $(BUILD)/includes.dot -o $(BUILD)/includes.svg

# "program: its libraries", a line each: what the link rule is checked on.
print-links:
	@$(foreach n,$(NUMBERS),$(foreach p,$(PROGRAMS_$n),echo '$(BUILD)/stage-$n/$p: $(call libs_upto,$n)';))true

tidy: compile_commands.json ## clang-tidy over the product (slow)
	@clang-tidy-14 --quiet -p . $(SOURCES)

format: ## rewrite the layout of all C++ files with clang-format 14
	@clang-format-14 -i $(shell find stages final tests -name '*.[ch]pp')

asan: ## the unit tests with the address and undefined behaviour sanitizers, in build-asan/
	@$(MAKE) BUILD=build-asan SANITIZE=address,undefined build-asan/tests/slipway-tests
	@build-asan/tests/slipway-tests '~[engine]~[.]'

# The daemons have threads; the shim has one, and clones it.
tsan: final images $(TESTS) ## fifty clients at once against daemons with the thread sanitizer, in build-tsan/
	@$(MAKE) BUILD=build-tsan SANITIZE=thread build-tsan/final/slipwayd build-tsan/final/slipway-supervisor
	@mkdir -p build-tsan/tests build-tsan/images && ln -f $(TESTS) build-tsan/tests/ && \
	  ln -f $(IMAGES) build-tsan/images/ && \
	  ln -f $(filter-out %/slipwayd %/slipway-supervisor,$(wildcard $(BUILD)/final/*)) build-tsan/final/
	@build-tsan/tests/slipway-tests '[crowd]'

storm: final images $(TESTS) ## kill -9 of everything at random moments, ROUNDS=300 times, under a crowd of clients
	@SLIPWAY_STORM_ROUNDS=$(or $(ROUNDS),300) $(TESTS) '[storm]'

docs: ## the API documentation of all headers, in build/docs/html/
	@mkdir -p $(BUILD) && doxygen scripts/Doxyfile && echo "  DOCS $(BUILD)/docs/html/index.html"

# For editors and clang-tidy: how each source is compiled.
compile_commands.json: $(BUILD)/.flags $(VIEWS) Makefile $(SOURCES) $(TEST_SOURCES)
	@scripts/compile_commands.py $(foreach s,$(SOURCES) $(TEST_SOURCES),\
	  '$s' 'g++ $(CXXFLAGS) $(call includes_of,$s) -c $s') > $@ && echo "  JSON $@"

clean: ## remove everything that was built
	@rm -rf $(BUILD) build-asan build-tsan compile_commands.json
