(() => {
  "use strict";
  const root = document.documentElement;
  const looks = JSON.parse(document.getElementById("templates").textContent);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const figures = [...document.querySelectorAll("figure.plot")];
  const drawn = new Set();
  const touch = matchMedia("(pointer: coarse)").matches ? { dragmode: false } : {};

  const theme = () => (paper.matches ? "light" : root.dataset.theme || (system.matches ? "dark" : "light"));

  function draw(figure) {
    if (drawn.has(figure)) return;
    drawn.add(figure);
    const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
    const area = figure.appendChild(document.createElement("div"));
    Plotly.newPlot(area, data, { ...layout, ...touch, template: looks[theme()] }, { displayModeBar: false, responsive: true });
  }

  function repaint() {
    for (const figure of drawn) Plotly.relayout(figure.lastElementChild, { template: looks[theme()] });
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "800px" });
  figures.forEach((figure) => watcher.observe(figure));

  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
    figures.forEach(draw);
  });
  system.addEventListener("change", repaint);
  paper.addEventListener("change", repaint);

  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    repaint();
  });
})();
