import { ErrorNote, RadioGroup } from "../ui";
import css from "./camera-page.module.css";
import { KEEP, type Login } from "./changes";
import { LoginFields } from "./login-fields";

interface Props {
  hasLogin: boolean;
  isOfDevice: boolean;
  login: Login;
  /** Why the server wants another choice. */
  error: string | undefined;
  onChange(login: Login): void;
}

/** Keep, replace or remove the stored login; it is never shown. */
export function LoginChoice({ hasLogin, isOfDevice, login, error, onChange }: Props) {
  const options = [
    { id: "keep", label: hasLogin ? "Keep the stored login" : "No login" },
    { id: "set", label: hasLogin ? "Enter another login" : "Enter a login" },
    ...(hasLogin ? [{ id: "remove", label: "Remove the login" }] : []),
  ];
  const choose = (id: string) => {
    if (id === "set") onChange({ kind: "set", username: "", password: "" });
    else onChange(id === "remove" ? { kind: "remove" } : KEEP);
  };
  return (
    <div className={css.login}>
      <RadioGroup
        label="Login"
        options={options}
        value={login.kind}
        onChange={choose}
        {...(isOfDevice
          ? { hint: "Of this camera only. Change the device's login under “Device” for all of it." }
          : {})}
      />
      {login.kind === "set" && (
        <LoginFields
          login={login}
          onChange={(pair) => onChange({ kind: "set", ...pair })}
          isRequired
        />
      )}
      {error !== undefined && <ErrorNote text={error} />}
    </div>
  );
}
