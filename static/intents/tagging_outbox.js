"use strict";
// Sends decisions one after the other, in order, and again where the network fails. What is not sent yet is kept
// in the browser, so that closing the page loses nothing; each decision has a key, so sending twice is harmless.
window.TaggingOutbox = class {
  constructor({ storageKey, send, onKept, onRefused, onState }) {
    this.storageKey = storageKey;
    this.send = send;
    this.onKept = onKept;
    this.onRefused = onRefused;
    this.onState = onState;
    this.entries = this.load();
    this.failures = 0;
    this.timer = 0;
    this.sending = null;
  }

  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.storageKey) || "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  keep() {
    try {
      localStorage.setItem(this.storageKey, JSON.stringify(this.entries));
    } catch {
      // private mode or full: the entries stay in memory
    }
  }

  get items() {
    return this.entries.map((entry) => entry.fields.item);
  }

  add(entry) {
    this.entries.push(entry);
    this.keep();
    this.onState({ waiting: this.entries.length, failures: this.failures });
    this.flush();
  }

  // Send what waits; resolves to whether everything is sent.
  flush() {
    clearTimeout(this.timer);
    this.sending ||= this.run().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async run() {
    while (this.entries.length) {
      const entry = this.entries[0];
      const answer = await this.send(entry.fields);
      if (answer.retry) {
        this.failures += 1;
        const seconds = Math.min(30, 2 ** Math.min(this.failures, 5) / 2);
        this.onState({ waiting: this.entries.length, failures: this.failures, seconds, message: answer.message });
        this.timer = setTimeout(() => this.flush(), seconds * 1000);
        return false;
      }
      this.failures = 0;
      this.entries.shift();
      this.keep();
      if (answer.ok) this.onKept(entry, answer.body);
      else this.onRefused(entry, answer.message);
      this.onState({ waiting: this.entries.length, failures: 0 });
    }
    return true;
  }
};
