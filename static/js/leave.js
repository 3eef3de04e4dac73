"use strict";
/* Leave this page quickly: lock the session, show nothing, go where anybody may be. Escape three times does the same.
   Without scripts the link simply goes there. */
(function () {
  const link = document.querySelector("[data-leave]");
  if (!link) return;

  function leave() {
    document.body.hidden = true;
    document.title = "";
    const token = document.querySelector("#sign-out input[name=csrfmiddlewaretoken]");
    if (link.dataset.leave && navigator.sendBeacon) {
      const data = new FormData();
      if (token) data.append("csrfmiddlewaretoken", token.value);
      navigator.sendBeacon(link.dataset.leave, data);
    }
    window.location.replace(link.href);
  }

  link.addEventListener("click", function (event) {
    event.preventDefault();
    leave();
  });

  let presses = [];
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") {
      presses = [];
      return;
    }
    const now = Date.now();
    presses = presses.filter(function (then) { return now - then < 1500; }).concat(now);
    if (presses.length >= 3) leave();
  });

  /* A page that the browser kept for its back button is asked for again, so a locked session stays locked. */
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) window.location.reload();
  });
})();
