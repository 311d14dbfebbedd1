import { type FormEvent, useState } from "react";
import { ApiError, messageOf } from "../api/errors";
import { Button, Checkbox, ErrorNote, Form, TextField } from "../ui";
import { LoginFields, type LoginPair } from "./login-fields";
import css from "./scan.module.css";
import { readPorts, splitTargets, targetProblem } from "./scan-state";
import type { Scan } from "./use-scan";

interface Props {
  scan: Scan;
  login: LoginPair;
  onLogin(login: LoginPair): void;
  credentials: LoginPair | null;
  isRunning: boolean;
}

/** Where to look, and the login that all devices there have. */
export function ScanForm({ scan, login, onLogin, credentials, isRunning }: Props) {
  const [targets, setTargets] = useState("");
  const [ports, setPorts] = useState("");
  const [multicast, setMulticast] = useState(true);
  const [asked, setAsked] = useState<string[]>([]);
  const numbers = readPorts(ports);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isRunning || numbers === null) return;
    const list = splitTargets(targets);
    setAsked(list);
    void scan.start({
      targets: list,
      multicast,
      credentials,
      ...(numbers.length === 0 ? {} : { ports: numbers }),
    });
  };
  const errors = errorsOf(scan.error, asked);
  const isExplained = Object.keys(errors).length > 0;
  return (
    <Form
      onSubmit={submit}
      validationErrors={{
        ...errors,
        ...(numbers === null ? { ports: "Ports are numbers from 1 to 65535." } : {}),
      }}
      validationBehavior="aria"
    >
      <div className={css.where}>
        <TextField
          label="Where to look"
          name="targets"
          placeholder="192.168.1.0/24"
          hint="Addresses, ranges such as 192.168.1.0/24 or 192.168.1.10-192.168.1.40, with commas between."
          value={targets}
          onChange={setTargets}
          autoFocus
        />
        <TextField
          label="Ports"
          name="ports"
          placeholder="the usual ones"
          value={ports}
          onChange={setPorts}
        />
      </div>
      <Checkbox isSelected={multicast} onChange={setMulticast}>
        Also ask all devices of the server's own network (WS-Discovery)
      </Checkbox>
      <LoginFields login={login} onChange={onLogin} />
      <p className={css.note}>
        One login for all of them. It is tried once on each device, so that no account is locked;
        without it only what devices tell anyone is shown.
      </p>
      {scan.error !== null && !isExplained && <ErrorNote text={messageOf(scan.error)} />}
      <div>
        <Button
          kind="primary"
          type="submit"
          isPending={scan.isStarting}
          isDisabled={isRunning || (splitTargets(targets).length === 0 && !multicast)}
        >
          {scan.state === null ? "Look for cameras" : "Look again"}
        </Button>
      </div>
    </Form>
  );
}

function errorsOf(error: Error | null, asked: readonly string[]): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const targets = targetProblem(error.fields, asked);
  const { ports } = error.byField;
  return { ...(targets ? { targets } : {}), ...(ports ? { ports } : {}) };
}
