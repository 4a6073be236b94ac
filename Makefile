# Front door: everything else is in meson.build and tools/.
.DEFAULT_GOAL := all
B := build
.PHONY: all deps quick check soak run demo bench fuzz install clean format reference

deps:
	@tools/deps.sh

$(B)/build.ninja: | deps
	@test -f $@ || meson setup $(B) --prefix=/usr --sysconfdir=/etc --localstatedir=/var >$(B).log 2>&1 || { cat $(B).log; exit 1; }
	@rm -f $(B).log

all: deps $(B)/build.ninja
	@ninja -C $(B) --quiet

quick check soak: deps
	@tools/check.sh $@

run: all
	@tools/run.sh

demo: all
	@$(B)/keymuster demo

reference: all
	@$(B)/tools/reference >docs/commands.md

bench: all
	@tools/bench.sh

fuzz: deps
	@tools/fuzz.sh

install: all
	@meson install -C $(B)

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	@rm -rf $(B) build-* run
