() => {
  // What the visitor sees is in the address: whoever opens it sees the same.
  window.bssAddress = (changes) => {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    if (address.href === location.href) return;
    history.replaceState(history.state, "", address);
    // a Space is a frame within a page of the Hub's, whose address is the one that a visitor copies
    if (parent !== window) parent.postMessage({ queryString: address.search.slice(1), hash: "" }, "https://huggingface.co");
  };
}
