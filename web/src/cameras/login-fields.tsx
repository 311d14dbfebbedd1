import { TextField } from "../ui";
import css from "./camera-page.module.css";

export interface LoginPair {
  username: string;
  password: string;
}

interface Props {
  login: LoginPair;
  onChange(login: LoginPair): void;
  isRequired?: boolean;
  autoFocus?: boolean;
}

/** Name and password of a camera; browsers shall neither fill in nor keep them. */
export function LoginFields({ login, onChange, isRequired = false, autoFocus = false }: Props) {
  return (
    <div className={css.pair}>
      <TextField
        label="User name of the camera"
        name="credentials.username"
        autoComplete="off"
        spellCheck="false"
        value={login.username}
        onChange={(username) => onChange({ ...login, username })}
        isRequired={isRequired}
        autoFocus={autoFocus}
      />
      <TextField
        label="Password of the camera"
        name="credentials.password"
        type="password"
        autoComplete="new-password"
        value={login.password}
        onChange={(password) => onChange({ ...login, password })}
      />
    </div>
  );
}
