// What the last decision changed, asked for once the queue has gone on. Nothing here is needed.
"use strict";

(() => {
  const place = document.querySelector("[data-receipt]");
  if (!place) return;
  // Its room is there from the start: a late sentence must not move a button under a finger.
  place.hidden = false;

  // Whoever goes on at once asks for nothing, so that single keys stay quick.
  const PAUSE_MS = 250;

  const tell = async () => {
    try {
      const answer = await fetch(place.dataset.receipt, { headers: { Accept: "application/json" } });
      if (answer.ok) place.textContent = (await answer.json()).text;
    } catch {
      // the page was left, or the server does not answer: the decision itself is stored
    }
  };
  setTimeout(tell, PAUSE_MS);
})();
