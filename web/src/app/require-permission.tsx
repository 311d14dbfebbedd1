import { Outlet } from "react-router";
import { EmptyState, LinkButton } from "../ui";
import { opens } from "./pages";
import { useSession } from "./session";
import type { Permission } from "./session-api";

/** Shows a page to those who may see it; the server decides on every request anyhow. */
export function RequirePermission({ permissions }: { permissions: readonly Permission[] }) {
  if (opens(permissions, useSession().permissions)) return <Outlet />;
  return (
    <EmptyState
      title="Not for your account"
      text={`This page needs the permission “${permissions.join("” or “")}”. Ask an administrator for it.`}
    >
      <LinkButton href="/">Go to the first page</LinkButton>
    </EmptyState>
  );
}
