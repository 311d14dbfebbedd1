/** What all pages stand in: data, language, routes, notices. */

import { QueryClientProvider } from "@tanstack/react-query";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { RouterProvider } from "react-router/dom";
import { newQueryClient } from "../api/query-client";
import { Toasts } from "../ui";
import { newRouter } from "./router";

const client = newQueryClient();
const router = newRouter();

/** Plain English with 24 hours, whatever the browser's language. */
const LOCALE = "en-GB";

export function App() {
  return (
    <QueryClientProvider client={client}>
      <I18nProvider locale={LOCALE}>
        <RouterProvider router={router} />
        <Toasts />
      </I18nProvider>
    </QueryClientProvider>
  );
}
