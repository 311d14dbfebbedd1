import { RouterProvider } from "react-aria-components";
import { Outlet, useHref, useNavigate } from "react-router";

/** Lets the links of all components go through the router. */
export function Root() {
  const navigate = useNavigate();
  return (
    <RouterProvider navigate={(path) => void navigate(path)} useHref={useHref}>
      <Outlet />
    </RouterProvider>
  );
}
