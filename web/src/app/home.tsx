import { Navigate } from "react-router";
import { opens, PAGES } from "./pages";
import { useSession } from "./session";

/** Leads to the first page that one may see; the last is for everybody. */
export function Home() {
  const { permissions } = useSession();
  const first = PAGES.find((page) => opens(page.permissions, permissions));
  return <Navigate to={first?.path ?? "/system"} replace />;
}
