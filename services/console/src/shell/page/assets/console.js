// What is live. Without it every page works; with it a page keeps up with what happens.
"use strict";

// Absolute times in the time zone of whoever looks.
const local = (root) => {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.title = `${at.toLocaleString()} · ${time.title}`;
  }
};
local(document);

// Shows the parts of this page that are marked as live as they are now. Whoever is writing in one
// of them is not disturbed.
let asked;
const refresh = () => {
  clearTimeout(asked);
  asked = setTimeout(async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
      const isBusy = part.contains(document.activeElement) || part.querySelector(":checked");
      if (next && !isBusy && !part.isEqualNode(next)) {
        local(next);
        for (const { id } of part.querySelectorAll("details[open][id]")) next.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
        part.replaceWith(document.adoptNode(next));
      }
    }
  }, 400);
};

// Server-sent events reconnect by themselves, and go on behind what was seen last. Only a page that
// is looked at holds a connection: a browser has no more than six for one host.
let live;
const kinds = ["domain", "removed", "scan", "event", "inbox", "delivery", "reset"];
const follow = () => {
  const isSeen = !document.hidden;
  if (isSeen && !live) {
    live = new EventSource("/api/v1/live");
    for (const kind of kinds) live.addEventListener(kind, refresh);
  } else if (!isSeen && live) {
    leave();
  }
};
const leave = () => {
  live?.close();
  live = undefined;
};
if (document.body.dataset.csrf !== undefined && window.EventSource) {
  follow();
  document.addEventListener("visibilitychange", () => {
    follow();
    if (live) refresh();
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    follow();
    refresh();
  });
}

// A box above a table ticks all of its rows.
document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("[data-ticks]")) return;
  for (const box of document.querySelectorAll(`input[name="${target.dataset.ticks}"]`)) box.checked = target.checked;
});

// What cannot be undone is asked for once more.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.sure ?? event.target.dataset.sure;
  if (question && !window.confirm(question)) event.preventDefault();
});
