// The key to this tab's last run outlives a refresh; the example that the address names is opened.
watch("value", () => {
  const { key, open } = props.value || {};
  if (key) sessionStorage.setItem("bss-run", key);
  const card = open && document.getElementById(`open-${open}`);
  if (card) card.click();
});
