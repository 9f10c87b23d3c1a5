"use strict";
// Asks one address again and again: every few seconds, seldom (or never) while nobody looks, ever more seldom while
// it fails. Remembers the ETag, so an answer without news is empty. Decides nothing about what is shown.
window.Polling = class {
  constructor({ url, onNews, onLost, onBack, everyMs = 3000, hiddenMs = 0, maxMs = 30_000 }) {
    Object.assign(this, { url, onNews, onLost, onBack, everyMs, hiddenMs, maxMs });
    this.failures = 0;
    this.timer = 0;
    this.running = false;
    this.stopped = true;
    this.again = false;
    this.skewMs = 0; // server's clock minus ours
    this.tag = { address: "", value: "" };
    document.addEventListener("visibilitychange", () => {
      if (!this.stopped && !document.hidden) this.now();
    });
    window.addEventListener("online", () => {
      if (!this.stopped) this.now();
    });
  }

  start() {
    this.stopped = false;
    return this.now();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  // Ask at once; where a question is under way, ask once more after it.
  async now() {
    clearTimeout(this.timer);
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    do {
      this.again = false;
      await this.ask();
    } while (this.again && !this.stopped);
    this.running = false;
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const calm = document.hidden ? this.hiddenMs : this.everyMs;
    if (!calm) return; // hidden: it goes on when somebody looks again
    this.timer = setTimeout(() => this.now(), this.failures ? this.pauseMs : calm);
  }

  get pauseMs() {
    return Math.min(this.maxMs, this.everyMs * 2 ** Math.min(this.failures, 6));
  }

  async ask() {
    const address = this.url();
    const headers = this.tag.address === address ? { "If-None-Match": this.tag.value } : {};
    try {
      const response = await fetch(address, { headers, cache: "no-store", signal: AbortSignal.timeout(15_000) });
      if (response.redirected) throw new Error("You are signed out. Sign in again in another tab; nothing here is lost.");
      if (response.status !== 304 && !response.ok) throw new Error(`The server answered ${response.status}.`);
      const date = Date.parse(response.headers.get("Date") || "");
      if (date) this.skewMs = date - Date.now();
      const body = response.status === 304 ? null : await response.json();
      if (this.failures) this.onBack();
      this.failures = 0;
      if (!body) return;
      this.tag = { address, value: response.headers.get("ETag") || "" };
      await this.onNews(body);
    } catch (error) {
      this.failures += 1;
      const known = error instanceof Error && error.name === "Error";
      this.onLost(known ? error.message : "The network or the server is away.", Math.round(this.pauseMs / 1000));
    }
  }
};

// One id for all tries to send the same words.
window.newMessageKey = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
