/** Elements in one expression; text is always text, never markup. */

type Child = Node | string | null;
type Properties<T> = Partial<Omit<T, "style" | "dataset">> & { data?: Record<string, string> };

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { data, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, data ?? {});
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A muted video that plays inline. */
export function newVideo(label: string): HTMLVideoElement {
  return h("video", {
    muted: true,
    playsInline: true,
    ariaLabel: label,
    disablePictureInPicture: false,
  });
}
