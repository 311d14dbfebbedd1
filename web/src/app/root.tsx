import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { RouterProvider } from "react-aria-components";
import { Outlet, useHref, useNavigate } from "react-router";
import { followOtherTabs } from "./session";

/** Lets the links of all components go through the router, and all tabs share one session. */
export function Root() {
  const navigate = useNavigate();
  const client = useQueryClient();
  useEffect(() => followOtherTabs(client), [client]);
  return (
    <RouterProvider navigate={(path) => void navigate(path)} useHref={useHref}>
      <Outlet />
    </RouterProvider>
  );
}
