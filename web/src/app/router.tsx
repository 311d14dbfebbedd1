/** Addresses and what they show. */

import { createBrowserRouter, type RouteObject } from "react-router";
import { ErrorPage, NotFoundPage } from "./error-pages";
import { Home } from "./home";
import { PAGES, type PageEntry } from "./pages";
import { RequirePermission } from "./require-permission";
import { Root } from "./root";
import { Shell } from "./shell";

export const routes: RouteObject[] = [
  {
    element: <Root />,
    errorElement: <ErrorPage />,
    hydrateFallbackElement: <></>,
    children: [
      { path: "/sign-in", lazy: async () => ({ Component: (await import("./sign-in")).SignIn }) },
      {
        path: "/",
        element: <Shell />,
        children: [
          { index: true, element: <Home /> },
          ...PAGES.map(pageRoute),
          { path: "*", element: <NotFoundPage /> },
        ],
      },
    ],
  },
];

function pageRoute(page: PageEntry): RouteObject {
  return {
    element: <RequirePermission permissions={page.permissions} />,
    errorElement: <ErrorPage />, // the navigation around it stays
    children: page.patterns.map((path) => ({ path, lazy: page.load })),
  };
}

export const newRouter = () => createBrowserRouter(routes);
