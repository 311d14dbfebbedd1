/** Where the sign-in page leads afterwards. */

export const HOME = "/live";
const HERE = "http://here.invalid";

/** An address of this application, whatever the query said; never another site. */
export function safeNext(text: string | null): string {
  if (text === null || !text.startsWith("/")) return HOME;
  const url = parsed(text);
  if (url?.origin !== HERE) return HOME;
  // `/.//elsewhere` ends up as `//elsewhere`, which means another site
  if (url.pathname.startsWith("//") || url.pathname.startsWith("/sign-in")) return HOME;
  return `${url.pathname}${url.search}`;
}

function parsed(text: string): URL | null {
  try {
    return new URL(text, HERE);
  } catch {
    return null;
  }
}
