// Keeps the page fresh, and remembers whether it is light or dark.
(function () {
  "use strict";

  const EVERY_MS = 5000;
  const PATIENCE_MS = 10000;
  const THEME = "badukpan-theme";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function keptTheme() {
    try {
      return window.localStorage.getItem(THEME);
    } catch {
      return null; // a browser that keeps nothing follows the system
    }
  }

  function keepTheme(theme) {
    try {
      window.localStorage.setItem(THEME, theme);
    } catch {
      // It lasts until the page is closed.
    }
  }

  // Before anything is drawn, so that nothing flashes.
  const kept = keptTheme();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  }

  function offerThemes() {
    const button = document.getElementById("theme");
    if (!button) return;
    const label = () => {
      button.textContent = isDark() ? button.dataset.light : button.dataset.dark;
    };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      keepTheme(root.dataset.theme);
      label();
    });
    dark.addEventListener("change", label);
    label();
    button.hidden = false;
  }

  function stayFresh() {
    const lost = document.getElementById("lost");
    const told = document.getElementById("told");
    if (!lost || !told) return;
    let seenAt = new Date();
    let due = 0;
    let asking = false;

    const stateOf = (main) => (main.querySelector("[data-told]") || { dataset: {} }).dataset.told || "";
    let state = stateOf(document.getElementById("main"));

    function isRead(main) {
      const selection = window.getSelection();
      return selection && !selection.isCollapsed && main.contains(selection.anchorNode);
    }

    function swap(fresh) {
      const main = document.getElementById("main");
      const next = fresh.getElementById("main");
      if (main.innerHTML === next.innerHTML || isRead(main)) return;
      const [x, y] = [window.scrollX, window.scrollY];
      const focused = document.activeElement;
      const link = focused && main.contains(focused) ? focused.getAttribute("href") || focused.dataset.keep : null;
      const scrolled = new Map();
      main.querySelectorAll("[data-keep]").forEach((box) => scrolled.set(box.dataset.keep, [box.scrollLeft, box.scrollTop]));
      main.querySelectorAll("details").forEach((box) => {
        const same = next.querySelector("#" + box.id);
        if (same) same.open = box.open;
      });
      main.replaceChildren(...next.childNodes);
      main.querySelectorAll("[data-keep]").forEach((box) => {
        const [left, top] = scrolled.get(box.dataset.keep) || [0, 0];
        box.scrollLeft = left;
        box.scrollTop = top;
      });
      if (link !== null) {
        const again = [...main.querySelectorAll("a, [data-keep]")].find(
          (each) => each.getAttribute("href") === link || each.dataset.keep === link,
        );
        if (again) again.focus({ preventScroll: true });
      }
      window.scrollTo(x, y);
      document.title = fresh.title;
      const now = stateOf(main);
      if (now !== state) told.textContent = state = now;
    }

    function found() {
      seenAt = new Date();
      lost.hidden = true;
      lost.textContent = "";
      document.body.classList.remove("stale");
    }

    function missed() {
      if (!lost.hidden) return;
      const time = seenAt.toLocaleTimeString(root.lang);
      lost.hidden = false;
      lost.textContent = lost.dataset.sentence.replace("{time}", time);
      document.body.classList.add("stale");
    }

    async function ask() {
      if (asking) return;
      asking = true;
      const patience = new AbortController();
      const timer = window.setTimeout(() => patience.abort(), PATIENCE_MS);
      try {
        const address = window.location.pathname + window.location.search;
        const answer = await fetch(address, { cache: "no-store", signal: patience.signal });
        if (!answer.ok) throw new Error(String(answer.status));
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!fresh.getElementById("lost")) throw new Error("another page");
        swap(fresh);
        found();
      } catch {
        missed();
      } finally {
        window.clearTimeout(timer);
        asking = false;
        plan();
      }
    }

    function plan() {
      window.clearTimeout(due);
      if (!document.hidden) due = window.setTimeout(ask, EVERY_MS);
    }

    document.addEventListener("visibilitychange", () => {
      window.clearTimeout(due);
      if (!document.hidden) ask();
    });
    plan();
  }

  document.addEventListener("DOMContentLoaded", () => {
    offerThemes();
    stayFresh();
  });
})();
