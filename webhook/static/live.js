// A running job, followed as it happens. Everything that arrives is put in as text, never as markup.
"use strict";
(() => {
  const list = document.getElementById("timeline");
  const status = document.getElementById("live");
  const source = new EventSource(list.dataset.events);
  const put = (id, text) => { const at = document.getElementById(id); if (at.textContent !== text) at.textContent = text; };
  const span = (text, kind) => { const it = document.createElement("span"); it.textContent = text; if (kind) it.className = kind; return it; };

  source.addEventListener("step", (event) => {
    const step = JSON.parse(event.data);
    const line = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = step.at;
    time.textContent = step.at.slice(11, 19);
    line.append(time, " ", span(step.kind, "kind"), " ", span(step.text));
    list.append(line);
  });
  source.addEventListener("now", (event) => {
    const now = JSON.parse(event.data);
    put("usd", now.usd);
    put("calls", String(now.calls));
    const badge = document.querySelector("#state .state");
    if (!badge.classList.contains(now.state)) {
      badge.className = "state " + now.state;
      badge.textContent = now.state.replace("_", " ");
    }
  });
  source.addEventListener("end", () => { source.close(); location.reload(); });
  source.addEventListener("gone", () => { source.close(); status.textContent = "This job is gone."; });
  source.addEventListener("error", () => {
    status.textContent = source.readyState === EventSource.CLOSED ? "Not live any more; reload the page." : "Connecting again…";
  });
  source.addEventListener("open", () => { status.textContent = "Live: new steps appear by themselves."; });
})();
