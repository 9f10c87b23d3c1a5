"use strict";
// A run's page while it is under way: how far it is, and the results once it has ended.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("sm-progress");
  if (!box) return;
  const bar = document.getElementById("sm-bar");
  const said = document.getElementById("sm-said");
  const polling = new window.Polling({
    url: () => box.dataset.url,
    everyMs: 1500,
    hiddenMs: 10_000,
    onNews: (news) => {
      bar.max = Math.max(news.total, 1);
      bar.value = news.done;
      if (news.state === "running") said.textContent = `${news.done} of ${news.total} played`;
      if (news.state !== "queued" && news.state !== "running") {
        polling.stop();
        window.location.reload();
      }
    },
    onLost: (why, seconds) => { said.textContent = `${why} Trying again in ${seconds} s.`; },
    onBack: () => { said.textContent = "Connected again."; },
  });
  polling.start();
});
