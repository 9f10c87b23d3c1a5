"use strict";
// The type-ahead of all intents: a combobox as WAI-ARIA describes it. Says what was picked, decides nothing.
window.TaggingChoices = class {
  constructor({ input, list, intents, enough, onPick }) {
    this.input = input;
    this.list = list;
    this.intents = intents;
    this.enough = enough;
    this.onPick = onPick;
    this.found = [];
    this.active = -1;
    input.addEventListener("input", () => this.filter());
    input.addEventListener("focus", () => this.filter());
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150)); // a tap on the list comes first
    input.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(Number(option.dataset.index));
    });
  }

  open() {
    this.input.value = "";
    this.input.focus();
    this.filter();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.active = -1;
  }

  filter() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rank = (one) => (one.label.toLowerCase().startsWith(words[0] || "") ? 0 : 1);
    this.found = this.intents
      .filter((one) => {
        const text = `${one.label} ${one.slug} ${one.description}`.toLowerCase();
        return words.every((word) => text.includes(word));
      })
      .sort((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label));
    this.active = this.found.length ? 0 : -1;
    this.render();
  }

  render() {
    this.list.replaceChildren(
      ...this.found.map((one, index) => {
        const option = document.createElement("li");
        option.id = `tg-option-${index}`;
        option.dataset.index = String(index);
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", String(index === this.active));
        const name = document.createElement("span");
        name.textContent = one.label;
        const count = document.createElement("small");
        count.textContent = `${one.real} real${one.is_draft ? " · draft" : ""}${one.real < 8 ? " · needs more" : ""}`;
        option.append(name, count);
        return option;
      }),
    );
    if (!this.found.length) {
      const none = document.createElement("li");
      none.textContent = "No intent of that name. Press Esc, then n for a new one.";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      this.list.append(none);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  mark() {
    for (const option of this.list.querySelectorAll("[data-index]")) {
      const here = Number(option.dataset.index) === this.active;
      option.setAttribute("aria-selected", String(here));
      if (here) {
        this.input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    }
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      event.preventDefault();
      if (this.list.hidden) this.filter();
      else this.active = (this.active + step + this.found.length) % this.found.length;
      this.mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.pick(this.active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.input.value = "";
      this.input.blur();
      this.close();
    }
  }

  pick(index) {
    const one = this.found[index];
    if (!one) return;
    this.input.value = "";
    this.input.blur();
    this.close();
    this.onPick(one);
  }
};
