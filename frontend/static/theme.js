// Runs before the first paint, so that a chosen theme or language never flashes the other one.
try {
  const theme = localStorage.getItem('muster.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  const language = localStorage.getItem('PARAGLIDE_LOCALE');
  if (language) document.documentElement.lang = language;
} catch {
  // Storage may be forbidden: the system's own theme and language are used.
}
