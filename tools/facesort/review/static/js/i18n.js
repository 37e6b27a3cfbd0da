// Words of the page in three languages; a new one is a file in lang/ and an entry here.
import en from "../lang/en.js";

export const LANGUAGES = { en: "English", de: "Deutsch", ko: "한국어" };
let words = en;
const touch = matchMedia("(pointer: coarse)"); // there, words with "Touch" at the end go first

export function language() {
  const asked = [localStorage.getItem("facesort.lang"), ...navigator.languages];
  for (const one of asked) {
    const short = (one || "").slice(0, 2);
    if (short in LANGUAGES) return short;
  }
  return "en";
}

export async function setLanguage(short) {
  words = short === "en" ? en : (await import(`../lang/${short}.js`)).default;
  localStorage.setItem("facesort.lang", short);
  document.documentElement.lang = short;
  for (const element of document.querySelectorAll("[data-i18n]")) {
    element.textContent = t(element.dataset.i18n);
  }
}

/** The words for ``key``, with {name}s filled in; {n} also chooses between one and many ("a|b"). */
export function t(key, values = {}) {
  const said = touch.matches && `${key}Touch` in words ? `${key}Touch` : key;
  let text = words[said] ?? en[said] ?? key;
  if (text.includes("|") && "n" in values) text = text.split("|")[values.n === 1 ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(document.documentElement.lang) : value;
  });
}

/** What a folder is called: our own have names in every language, people keep theirs. */
export function folderName(name) {
  return words[`folder${name}`] ?? en[`folder${name}`] ?? name;
}
