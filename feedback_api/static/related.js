// Which labels moved the alert in focus, and what is alike: in place of the link to that page.
"use strict";

(() => {
  const place = document.querySelector("[data-part]");
  if (!place) return;

  // Whoever goes on at once asks for nothing, so that single keys stay quick.
  const PAUSE_MS = 250;

  const show = async () => {
    try {
      const answer = await fetch(place.dataset.part, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return; // to the sign-in page, say
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (place.contains(document.activeElement)) return; // its link has the focus
      place.replaceChildren(...part.body.childNodes);
    } catch {
      // the page was left, or the server does not answer: the link stays
    }
  };
  setTimeout(show, PAUSE_MS);
})();
