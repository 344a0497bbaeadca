// Single keys for the queue: each presses the element that prints it. Nothing here is needed.
"use strict";

(() => {
  const STORED = "floodline.keys";
  const dialog = document.getElementById("keys");
  if (!dialog) return;

  const on = document.getElementById("keys-on");
  const opener = document.querySelector('[data-key="?"]');
  let leaving = false;

  const stored = () => {
    try {
      return localStorage.getItem(STORED);
    } catch {
      return null; // storage may be switched off; then the keys are simply on
    }
  };

  on.checked = stored() !== "off";
  on.addEventListener("change", () => {
    try {
      localStorage.setItem(STORED, on.checked ? "on" : "off");
    } catch {
      // kept for this page only
    }
  });

  const toggle = () => (dialog.open ? dialog.close() : dialog.showModal());
  opener.hidden = false;
  opener.addEventListener("click", toggle);

  const typing = (element) =>
    element.isContentEditable ||
    (["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName) && element.type !== "checkbox");

  const press = (key) => {
    if (leaving) return false;
    const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!target) return false;
    leaving = true; // a key held down must not decide the next alert as well
    target.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (typing(event.target)) return;
    if (event.key === "?") {
      event.preventDefault();
      toggle();
    } else if (!dialog.open && on.checked && press(event.key)) {
      event.preventDefault();
    }
  });

  // Back from the browser's cache the page is alive again.
  window.addEventListener("pageshow", () => {
    leaving = false;
  });

  // The list keeps the current row in view. Not by scrollIntoView: that would move the whole page
  // on a narrow screen, and would make Tab begin at the row.
  const current = document.querySelector('.row[aria-current="true"]');
  const pane = current && current.closest(".pane");
  if (pane && pane.scrollHeight > pane.clientHeight) {
    const below = current.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom;
    if (below > 0) pane.scrollTop += below + pane.clientHeight / 2;
  }
})();
