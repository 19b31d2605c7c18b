"use strict";
(function () {
  const by = (id) => document.getElementById(id);
  const figures = Array.from(document.querySelectorAll("#frames figure"));
  const stage = by("stage"), split = by("split"), canvas = by("difference").firstElementChild;
  const layers = [by("after").firstElementChild, by("before").firstElementChild, canvas];
  const state = { at: 0, zoom: 1, x: 0, y: 0, drag: null };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // Position and zoom; x and y are the part of the frame at the stage's left and upper edge.
  function draw() {
    const box = stage.getBoundingClientRect();
    const free = 1 - 1 / state.zoom;
    state.x = clamp(state.x, 0, free);
    state.y = clamp(state.y, 0, free);
    const move = `scale(${state.zoom}) translate(${-state.x * 100}%, ${-state.y * 100}%)`;
    layers.forEach((layer) => { layer.style.transform = move; });
    const pixel = box.width * state.zoom / (layers[0].naturalWidth || 1);
    stage.classList.toggle("pixels", pixel >= 2);
    stage.classList.toggle("enlarged", state.zoom > 1);
    const at = Number(split.value);
    by("before").style.clipPath = `inset(0 ${100 - at}% 0 0)`;
    by("handle").style.left = `${at}%`;
  }

  function pixels(image) {
    const board = document.createElement("canvas");
    board.width = image.naturalWidth;
    board.height = image.naturalHeight;
    const context = board.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, board.width, board.height);
  }

  // IN less OUT, about a middle grey.
  function subtract() {
    const pair = figures[state.at].querySelectorAll("img");
    const before = pixels(pair[0]), after = pixels(pair[1]), gain = Number(by("gain").value);
    canvas.width = after.width;
    canvas.height = after.height;
    let most = 0;
    for (let i = 0; i < after.data.length; i += 1) {
      if (i % 4 === 3) { continue; }
      const apart = before.data[i] - after.data[i];
      most = Math.max(most, Math.abs(apart));
      after.data[i] = clamp(128 + gain * apart, 0, 255);
    }
    canvas.getContext("2d").putImageData(after, 0, 0);
    document.body.dataset.most = String(most);
  }

  function show() {
    const figure = figures[state.at], pair = figure.querySelectorAll("img");
    const difference = by("view").value === "difference";
    layers[1].src = pair[0].src;
    layers[0].src = pair[1].src;
    const width = pair[1].naturalWidth * Number(document.body.dataset.aspect);
    stage.style.aspectRatio = `${width} / ${pair[1].naturalHeight}`;
    stage.style.maxWidth = `${78 * width / pair[1].naturalHeight}vh`;
    Array.from(by("numbers").children).forEach((button, at) => {
      button.setAttribute("aria-pressed", String(at === state.at));
    });
    by("difference").hidden = !difference;
    by("gained").hidden = !difference;
    ["handle", "dragged"].forEach((id) => { by(id).hidden = difference; });
    document.querySelectorAll(".corner").forEach((corner) => { corner.hidden = difference; });
    subtract();
    draw();
  }

  function zoom(factor, x, y) {
    const old = state.zoom;
    state.zoom = clamp(factor, 1, 16);
    state.x += x / old - x / state.zoom;
    state.y += y / old - y / state.zoom;
    by("zoom").value = String(state.zoom);
    draw();
  }

  stage.addEventListener("pointerdown", (event) => {
    const pan = state.zoom > 1 && event.target.id !== "handle";
    state.drag = { pan: pan, x: event.clientX, y: event.clientY };
    stage.setPointerCapture(event.pointerId);
    if (!pan) { divide(event); }
  });
  stage.addEventListener("pointermove", (event) => {
    if (state.drag === null) { return; }
    if (!state.drag.pan) { divide(event); return; }
    const box = stage.getBoundingClientRect();
    state.x -= (event.clientX - state.drag.x) / box.width / state.zoom;
    state.y -= (event.clientY - state.drag.y) / box.height / state.zoom;
    state.drag.x = event.clientX;
    state.drag.y = event.clientY;
    draw();
  });
  ["pointerup", "pointercancel"].forEach((name) => {
    stage.addEventListener(name, () => { state.drag = null; });
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    zoom(state.zoom * (event.deltaY > 0 ? 0.5 : 2), x, y);
  }, { passive: false });
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
    if (step !== undefined) { split.value = String(Number(split.value) + step); draw(); }
  });

  function divide(event) {
    const box = stage.getBoundingClientRect();
    split.value = String(clamp((event.clientX - box.left) / box.width * 100, 0, 100));
    draw();
  }

  figures.forEach((figure, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = figure.dataset.name;
    button.addEventListener("click", () => { state.at = at; show(); });
    by("numbers").appendChild(button);
  });
  split.addEventListener("input", draw);
  by("zoom").addEventListener("change", () => { zoom(Number(by("zoom").value), 0.5, 0.5); });
  by("view").addEventListener("change", show);
  by("gain").addEventListener("change", show);
  window.addEventListener("resize", draw);
  by("viewer").hidden = false;
  document.body.classList.add("viewed");
  if (location.hash === "#difference") { by("view").value = "difference"; }
  const images = Array.from(document.querySelectorAll("#frames img"));
  Promise.all(images.map((image) => image.decode())).then(() => {
    show();
    document.body.dataset.ready = "true";
  });
}());
