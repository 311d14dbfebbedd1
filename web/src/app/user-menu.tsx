/** Who is signed in, and what concerns only that person: theme, password, signing out. */

import { useQueryClient } from "@tanstack/react-query";
import { CircleUser } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { messageOf } from "../api/errors";
import { Button, Menu, MenuChoice, MenuItem, MenuSeparator, toast } from "../ui";
import { PasswordDialog } from "./password-dialog";
import { announceSession, forgetSession, useSession } from "./session";
import { signOut } from "./session-api";
import css from "./shell.module.css";
import { chooseTheme, type Theme, useTheme } from "./theme";

const THEMES: { id: Theme; label: string }[] = [
  { id: "system", label: "As the system" },
  { id: "light", label: "Light" },
  { id: "dark", label: "Dark" },
];

export function UserMenu() {
  const me = useSession();
  const theme = useTheme();
  const leave = useSignOut();
  const [isPasswordOpen, setPasswordOpen] = useState(false);
  const trigger = (
    <Button kind="quiet" className={css.user} aria-label={`${me.name}: account and appearance`}>
      <CircleUser size={22} strokeWidth={1.75} aria-hidden />
      <span className={css.userName}>{me.name}</span>
    </Button>
  );
  return (
    <>
      <Menu trigger={trigger} label="Account and appearance" placement="top start">
        <MenuChoice
          label="Appearance"
          options={THEMES}
          value={theme}
          onChange={(id) => chooseTheme(THEMES.find((each) => each.id === id)?.id ?? "system")}
        />
        <MenuSeparator />
        {me.kind === "user" && (
          <MenuItem onAction={() => setPasswordOpen(true)}>Change password…</MenuItem>
        )}
        <MenuItem onAction={() => void leave()}>Sign out</MenuItem>
      </Menu>
      <PasswordDialog isOpen={isPasswordOpen} onClose={() => setPasswordOpen(false)} />
    </>
  );
}

function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    try {
      await signOut();
    } catch (error) {
      toast(`You are still signed in. ${messageOf(error)}`, "bad");
      return;
    }
    await navigate("/sign-in");
    forgetSession(client);
    announceSession();
  };
}
