// The key to this tab's last run outlives a refresh; the example and the mode that the address names are opened.
watch("value", () => {
  const { key, open, watching } = props.value || {};
  if (key) sessionStorage.setItem("bss-run", key);
  if (watching) document.getElementById("columns").classList.add("watching");
  const card = open && document.getElementById(`open-${open}`);
  if (card) card.click();
});
