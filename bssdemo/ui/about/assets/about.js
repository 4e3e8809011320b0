// The film of a search is fetched when somebody looks at it: js_on_load of the About tab.
const film = element.querySelector("img[data-film]");
const seen = new IntersectionObserver(([look]) => {
  if (!look.isIntersecting || !props.value?.film) return;
  film.src = props.value.film.url;
  seen.disconnect();
});
seen.observe(film);
