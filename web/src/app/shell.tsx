/** What surrounds every page: navigation, the user's menu, notices about the connection. */

import { useEffect, useRef } from "react";
import { NavLink, Outlet, useLocation, useNavigate } from "react-router";
import { classes } from "../ui";
import { ConnectionNote, useServerEvents } from "./connection";
import { opens, PAGES, type PageEntry } from "./pages";
import { RequireSession, useSession } from "./session";
import css from "./shell.module.css";
import { useKeyboard, useShortcuts } from "./shortcuts";
import { ShortcutsDialog } from "./shortcuts-dialog";
import { UserMenu } from "./user-menu";

export function Shell() {
  return (
    <RequireSession>
      <Frame />
    </RequireSession>
  );
}

function Frame() {
  const { permissions } = useSession();
  const pages = PAGES.filter((page) => opens(page.permissions, permissions));
  const connection = useServerEvents();
  useKeyboard();
  useGoShortcuts(pages);
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        Skip to the page
      </a>
      <header className={css.rail}>
        <div className={css.brand}>
          <img src="/favicon.svg" alt="" width={32} height={32} />
          <span>Everframe</span>
        </div>
        <nav aria-label="Pages" className={css.nav}>
          {pages.map((page) => (
            <NavItem key={page.path} page={page} />
          ))}
        </nav>
        <UserMenu />
      </header>
      <Main />
      <ConnectionNote state={connection} />
      <ShortcutsDialog />
    </div>
  );
}

function NavItem({ page }: { page: PageEntry }) {
  const Icon = page.icon;
  return (
    <NavLink to={page.path} className={({ isActive }) => classes(css.item, isActive && css.active)}>
      <Icon size={22} strokeWidth={1.75} aria-hidden />
      <span>{page.label}</span>
    </NavLink>
  );
}

/** Takes the focus when another page was opened, so that reading goes on there. */
function Main() {
  const ref = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const section = pathname.split("/")[1];
  const shown = useRef(section);
  useEffect(() => {
    if (shown.current !== section) ref.current?.focus({ preventScroll: true });
    shown.current = section;
  }, [section]);
  return (
    <main id="main" ref={ref} tabIndex={-1} className={css.main}>
      <Outlet />
    </main>
  );
}

function useGoShortcuts(pages: readonly PageEntry[]): void {
  const navigate = useNavigate();
  useShortcuts(
    "Pages",
    pages.map(({ key, label, path }) => ({
      keys: `g ${key}`,
      label: `Go to ${label}`,
      run: () => void navigate(path),
    })),
  );
}
