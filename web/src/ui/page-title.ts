import { useEffect } from "react";

/** Names the page in the browser's tab: "Cameras – Everframe". */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Everframe`;
  }, [title]);
}
