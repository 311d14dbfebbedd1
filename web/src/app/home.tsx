import { Navigate } from "react-router";
import { NothingAllowed } from "./error-pages";
import { PAGES } from "./pages";
import { useSession } from "./session";

/** Leads to the first page that one may see. */
export function Home() {
  const { permissions } = useSession();
  const first = PAGES.find(({ permission }) => permissions.includes(permission));
  return first === undefined ? <NothingAllowed /> : <Navigate to={first.path} replace />;
}
