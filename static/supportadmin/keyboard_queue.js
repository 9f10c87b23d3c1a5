"use strict";
// What pages share on which people judge one thing after the other by keys: calls that say whether to try again,
// and keys that make sending twice harmless.
window.KeyboardQueue = {
  poster(token) {
    return async (url, fields) => {
      const body = new URLSearchParams();
      for (const [name, value] of Object.entries(fields)) if (value !== null && value !== undefined) body.set(name, value);
      try {
        const response = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token }, body });
        const isJson = (response.headers.get("content-type") || "").includes("json");
        if (!isJson && (response.redirected || response.status === 403)) return { retry: true, message: "You are signed out. Sign in again in another tab, then reload this page; what you decided is kept here." };
        if (!isJson || response.status >= 500) return { retry: true, message: "The server did not answer as it should." };
        const said = await response.json();
        return response.ok ? { ok: true, body: said } : { ok: false, message: said.message, code: said.code };
      } catch {
        return { retry: true, message: "The network is away." };
      }
    };
  },

  newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
};
