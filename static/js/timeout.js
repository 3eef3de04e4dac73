"use strict";
/* Two minutes before the server forgets an idle session, ask. Only a person's own act extends it: pages that ask for
   news by themselves do not. Several tabs tell one another. */
(function () {
  const dialog = document.getElementById("timeout");
  if (!dialog || !dialog.showModal) return;

  const facts = dialog.dataset;
  const warn = Number(facts.warnSeconds);
  const text = document.getElementById("timeout-text");
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("portal-session") : null;
  let ends = 0;
  let timer = 0;

  function begin(seconds) {
    ends = Date.now() + seconds * 1000;
    if (dialog.open) dialog.close();
    look();
  }

  function extended(seconds) {
    begin(seconds);
    if (tabs) tabs.postMessage({ seconds: seconds });
  }

  function say(left) {
    const words = left > 60 ? facts.minutes : left > 15 ? facts.minute : facts.seconds;
    if (text.textContent !== words) text.textContent = words;
  }

  function look() {
    window.clearTimeout(timer);
    const left = Math.ceil((ends - Date.now()) / 1000);
    if (left <= 0) return over();
    if (left > warn) {
      timer = window.setTimeout(look, (left - warn) * 1000);
      return;
    }
    say(left);
    if (!dialog.open) dialog.showModal();
    timer = window.setTimeout(look, 1000);
  }

  /* The server says at the sign-in page why, and leads back here afterwards. */
  function over() {
    document.body.hidden = true;
    const here = window.location.pathname + window.location.search;
    window.location.replace(facts.signInUrl + "?next=" + encodeURIComponent(here));
  }

  function stay() {
    const token = document.querySelector("#sign-out input[name=csrfmiddlewaretoken]");
    window.fetch(facts.extendUrl, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: { "X-CSRFToken": token ? token.value : "", Accept: "application/json" },
    }).then(function (response) {
      return response.ok ? response.json().then(function (answer) { extended(answer.seconds); }) : over();
    }).catch(look); /* The connection may be away for a moment: the warning stays until the time is up. */
  }

  dialog.querySelector("[data-stay]").addEventListener("click", stay);
  dialog.addEventListener("cancel", function (event) {
    event.preventDefault();
    stay();
  });
  if (tabs) {
    tabs.addEventListener("message", function (event) {
      if (event.data && event.data.seconds) begin(event.data.seconds);
      if (event.data && event.data.over) over();
    });
    document.addEventListener("submit", function (event) {
      if (event.target.id === "sign-out") tabs.postMessage({ over: true });
    });
  }
  /* What a page asks for by itself does not count as somebody being there. */
  document.addEventListener("htmx:configRequest", function (event) {
    const cause = event.detail.triggeringEvent;
    if (!cause || !cause.isTrusted) event.detail.headers["X-Portal-Poll"] = "1";
  });
  /* A request that a person caused has extended the session on the server. */
  document.addEventListener("htmx:afterRequest", function (event) {
    const cause = event.detail.requestConfig.triggeringEvent;
    if (event.detail.successful && cause && cause.isTrusted) extended(Number(facts.idleSeconds));
  });
  /* A computer that slept wakes up late. */
  document.addEventListener("visibilitychange", look);
  window.addEventListener("focus", look);

  extended(Number(facts.idleSeconds));
})();
