/** The `detail` of a problem body (RFC 9457), null when the text is none. */
export function problemDetail(text: string): string | null {
  try {
    const detail: unknown = (JSON.parse(text) as { detail?: unknown } | null)?.detail;
    return typeof detail === "string" && detail !== "" ? detail : null;
  } catch {
    return null;
  }
}
