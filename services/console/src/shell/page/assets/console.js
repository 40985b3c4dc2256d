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

// Says of this page whether it is kept up to date: nothing, `over` or `lost`.
const say = (word) => {
  for (const one of document.querySelectorAll(".toast")) one.hidden = one.id !== word;
};

// The session is over. Whoever signs in again comes back here.
const over = () => {
  leave();
  const here = new URL(location.href);
  here.searchParams.delete("notice");
  document.querySelector("#over a").href = `/sign-in?${new URLSearchParams({ next: here.pathname + here.search })}`;
  say("over");
};

// A page, or nothing if there is none at the moment or no session any more.
const page = async (path) => {
  // Nobody asked for it: it keeps no session from ending.
  const headers = { Accept: "text/html", "X-Unattended": "1" };
  const answer = await fetch(path, { headers }).catch(() => null);
  const isOver = answer?.redirected && new URL(answer.url).pathname === "/sign-in";
  if (isOver) over();
  return { isOver, text: answer?.ok && !answer.redirected ? await answer.text() : undefined };
};

// How long ago each instant is by now, in the words of the page as it would be made now.
const renew = (fresh) => {
  const moments = new Map();
  for (const time of fresh.querySelectorAll("time[datetime]")) moments.set(time.dateTime, time.firstChild.data);
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.firstChild.data = moments.get(time.dateTime) ?? time.firstChild.data;
  }
};

// Shows the parts of this page that are marked as live as they are now. Whoever is writing in one
// of them is not disturbed.
let asked;
let latest;
const refresh = () => {
  clearTimeout(asked);
  // What comes together is shown together; what does not cease to come is shown every 2 seconds.
  latest ??= Date.now() + 2_000;
  asked = setTimeout(async () => {
    latest = undefined;
    const { text } = await page(location.href);
    if (text === undefined) return;
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
      const isBusy = part.contains(document.activeElement) || part.querySelector(":checked");
      if (next && !isBusy && !part.isEqualNode(next)) {
        local(next);
        for (const { id } of part.querySelectorAll("details[open][id]")) next.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
        part.replaceWith(document.adoptNode(next));
      }
    }
    renew(fresh);
  }, Math.min(400, latest - Date.now()));
};

// Server-sent events reconnect by themselves, and go on behind what was seen last. Only a page that
// is looked at holds a connection: a browser has no more than six for one host.
let live;
let missed;
let again;
const kinds = ["domain", "removed", "scan", "event", "inbox", "delivery", "reset"];
const follow = () => {
  if (document.hidden || live) return;
  const { domain } = document.body.dataset;
  live = new EventSource(domain ? `/api/v1/live?${new URLSearchParams({ domain })}` : "/api/v1/live");
  for (const kind of kinds) live.addEventListener(kind, refresh);
  live.addEventListener("hello", ({ lastEventId }) => {
    clearTimeout(missed);
    missed = undefined;
    say();
    // Something came between the making of this page and the beginning of the stream.
    if (lastEventId !== document.body.dataset.position) refresh();
  });
  // Of the session with which the connection began; it may have been renewed since.
  live.addEventListener("over", resume);
  live.addEventListener("error", () => {
    missed ??= setTimeout(say, 5_000, "lost");
    // What answers is no stream, so that the browser has given up.
    if (live?.readyState === EventSource.CLOSED) again = setTimeout(resume, 10_000);
  });
};
const leave = () => {
  clearTimeout(missed);
  missed = undefined;
  clearTimeout(again);
  live?.close();
  live = undefined;
};
// Asked before it is followed: a stream that is refused says not why.
const resume = async () => {
  leave();
  const { isOver } = await page("/account");
  if (isOver) return;
  follow();
  refresh();
};
if (document.body.dataset.csrf !== undefined && window.EventSource) {
  follow();
  // Time goes on though nothing happens, and so does what is told by no event: that nobody leads.
  setInterval(() => document.hidden || refresh(), 60_000);
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : resume()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) resume();
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
