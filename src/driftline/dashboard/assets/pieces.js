// Puts a piece's HTML in place. A link to a page of the dashboard is followed as the browser's back
// and forward are: the address changes, and Streamlit draws the page that it names.
function follow(address) {
  window.history.pushState({}, "", new URL(address, document.baseURI));
  window.dispatchEvent(new PopStateEvent("popstate"));
  arrive(window.location.href);
}

// Streamlit forgets where one wants to go when a part of the old page is refreshed at that moment: it
// draws the old page again and sets its address back. So the way is taken again until the page that
// was wanted has been drawn (its foot says which that is), or one goes elsewhere.
const POLL = 400;
const TRIES = 10;

function arrive(address) {
  const journey = (window.driftline.journey = { tries: TRIES });
  const timer = setInterval(() => {
    const arrived = window.driftline.drawn === pageOf(address);
    if (arrived || window.driftline.journey !== journey) return clearInterval(timer);
    if (pageOf(window.location.href) === pageOf(address)) return;
    window.history.replaceState({}, "", address);
    window.dispatchEvent(new PopStateEvent("popstate"));
    if (--journey.tries === 0) clearInterval(timer);
  }, POLL);
}

// The page that an address names; the first page has none.
function pageOf(address) {
  return new URL(address).pathname.split("/").pop();
}

// The menu's links and the browser's back and forward go through Streamlit alone: they arrive, too.
function watch() {
  window.driftline = { drawn: null, journey: null };
  window.addEventListener("popstate", (event) => event.isTrusted && arrive(window.location.href));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && !isForBrowser(event, link) && link.origin === window.location.origin) arrive(link.href);
  });
}

function isForBrowser(event, link) {
  return event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target;
}

export default function ({ data, parentElement }) {
  let root = [...parentElement.children].find((child) => child.className === "piece");
  if (!root) {
    root = document.createElement("div");
    root.className = "piece";
    parentElement.appendChild(root);
  }
  if (root.shownHtml !== data.html) {
    root.innerHTML = data.html;
    root.shownHtml = data.html;
  }
  if (!window.driftline) watch();
  const drawn = root.querySelector("[data-page]");
  if (drawn) window.driftline.drawn = drawn.dataset.page;
  if (data.go && root.followed !== data.go) {
    root.followed = data.go;
    follow(data.go);
  }
  if (data.leave) {
    const here = window.location.pathname + window.location.search;
    window.location.replace(`${data.leave}?next=${encodeURIComponent(here)}`);
  }
  root.onclick = (event) => {
    const link = event.target.closest("a[href]");
    if (!link || isForBrowser(event, link)) return;
    if (/^([a-z+.-]+:|#|\/\/)/i.test(link.getAttribute("href"))) return;
    event.preventDefault();
    follow(link.getAttribute("href"));
  };
}
