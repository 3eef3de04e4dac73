"use strict";
/* A practice by the clock: the steps of the page follow one another, each after its time. It begins when the person
   starts it, and they may pause it, go on by themselves or go back. Nothing is asked of the server meanwhile, so a
   session ends as it would. Without this each step is a page with a link to the next. */
(function () {
  const box = document.querySelector("[data-sitting]");
  if (!box) return;
  /* Pages that turn by themselves are for where this does not run. */
  if (window.location.search) window.location.replace(window.location.pathname);

  const find = function (name) { return box.querySelector("[data-" + name + "]"); };
  const steps = Array.from(box.querySelectorAll("[data-seconds]"));
  const lengths = steps.map(function (step) { return Number(step.dataset.seconds) * 1000; });
  const whole = lengths.reduce(function (sum, length) { return sum + length; }, 0);
  const bar = find("bar"), left = find("left"), run = find("run"), on = find("on"), back = find("back"), tone = find("tone");
  let at = steps.findIndex(function (step) { return !step.hidden; });
  let rest = lengths[at];   /* of this step, as long as the timer stands */
  let ends = 0;             /* when this step ends, while it runs; else 0 */
  let ticking = 0;
  let awake = null;
  let sound = null;

  function now() { return Date.now(); }
  function remaining() { return ends ? Math.max(0, ends - now()) : rest; }

  function draw() {
    const later = lengths.slice(at + 1).reduce(function (sum, length) { return sum + length; }, 0);
    const seconds = Math.ceil((remaining() + later) / 1000);
    const words = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
    if (left.textContent !== words) left.textContent = words;
    bar.value = (whole - remaining() - later) / 1000;
  }

  function show(next) {
    at = next;
    steps.forEach(function (step, number) { step.hidden = number !== at; });
    find("stop").href = box.dataset.end + "?after=" + at;
    back.hidden = at === 0;
    on.textContent = at === steps.length - 1 ? on.dataset.last : on.dataset.next;
    on.href = box.dataset.end;
    find("say").textContent = steps[at].textContent.trim().replace(/\s+/g, " ");
  }

  function ring() {
    if (!tone.checked || !sound) return;
    const wave = sound.createOscillator();
    const loud = sound.createGain();
    wave.frequency.value = 396;
    loud.gain.setValueAtTime(0.0001, sound.currentTime);
    loud.gain.exponentialRampToValueAtTime(0.1, sound.currentTime + 0.08);
    loud.gain.exponentialRampToValueAtTime(0.0001, sound.currentTime + 2.5);
    wave.connect(loud).connect(sound.destination);
    wave.start();
    wave.stop(sound.currentTime + 2.6);
  }

  /* A device that slept wakes up late: then several steps are over. */
  function tick() {
    let moved = false;
    while (ends && now() >= ends) {
      if (at === steps.length - 1) return over();
      show(at + 1);
      ends += lengths[at];
      moved = true;
    }
    if (moved) ring();
    draw();
  }

  function keepAwake() {
    if (!ends || awake || !navigator.wakeLock || document.visibilityState !== "visible") return;
    navigator.wakeLock.request("screen").then(function (lock) {
      awake = lock;
      lock.addEventListener("release", function () { awake = null; });
      if (!ends) lock.release();
    }).catch(function () { /* Not allowed, or the battery is low: the screen darkens as ever. */ });
  }

  function stand() {
    rest = remaining();
    ends = 0;
    window.clearInterval(ticking);
    if (awake) awake.release();
    run.textContent = run.dataset.goOn;
  }

  function go() {
    ends = now() + rest;
    ticking = window.setInterval(tick, 250);
    run.textContent = run.dataset.pause;
    keepAwake();
  }

  function over() {
    stand();
    rest = 0;
    draw();
    ring();
    steps[at].hidden = true;
    run.hidden = true;
    find("over").hidden = false;
    find("say").textContent = find("over").textContent;
    find("stop").hidden = back.hidden = true;
  }

  function prepareSound() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (tone.checked && !sound && Context) sound = new Context();
  }

  run.addEventListener("click", function () {
    prepareSound();
    if (ends) stand();
    else go();
  });
  tone.addEventListener("change", function () {
    prepareSound();
    ring();
  });
  function leap(to, event) {
    event.preventDefault();
    show(to);
    rest = lengths[at];
    if (ends) ends = now() + rest;
    draw();
  }

  on.addEventListener("click", function (event) { if (at < steps.length - 1) leap(at + 1, event); });
  back.addEventListener("click", function (event) { if (at > 0) leap(at - 1, event); });
  document.addEventListener("visibilitychange", function () {
    keepAwake();
    if (ends) tick();
  });

  find("timer").dataset.ready = "";
  draw();
})();
