// Puts a piece's HTML in place. A link to a page of the dashboard is followed as the browser's back
// and forward are: the address changes, and Streamlit draws the page that it names.
function follow(address) {
  window.history.pushState({}, "", new URL(address, document.baseURI));
  window.dispatchEvent(new PopStateEvent("popstate"));
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
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || /^([a-z+.-]+:|#|\/\/)/i.test(link.getAttribute("href"))) return;
    event.preventDefault();
    follow(link.getAttribute("href"));
  };
}
