/** Where the sign-in page leads afterwards. */

export const HOME = "/live";

/** An address of this application, whatever the query said; never another site. */
export function safeNext(text: string | null): string {
  if (text === null || !text.startsWith("/")) return HOME;
  const url = URL.parse(text, "http://here.invalid");
  if (url === null || url.origin !== "http://here.invalid") return HOME;
  if (url.pathname.startsWith("/sign-in")) return HOME;
  return `${url.pathname}${url.search}`;
}
