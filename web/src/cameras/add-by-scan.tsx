/** Looks for devices, shows them as they are found, adds those that are chosen. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "../api/client";
import { ApiError, messageOf } from "../api/errors";
import { Button, Checkbox, DialogButtons, EmptyState, ErrorNote, toast } from "../ui";
import { FoundDevice } from "./found-device";
import type { LoginPair } from "./login-fields";
import { refetch } from "./mutations";
import css from "./scan.module.css";
import { ScanForm } from "./scan-form";
import { ScanProgress } from "./scan-progress";
import { type Found, isAddable } from "./scan-state";
import { additions, allOf, type Selection } from "./selection";
import { useProbes } from "./use-probes";
import { type Scan, useScan } from "./use-scan";

interface Props {
  onClose(): void;
  /** Only an RTSP server was recognised: its path must be typed. */
  onAddress(url: string): void;
}

export function AddByScan({ onClose, onAddress }: Props) {
  const scan = useScan();
  const [login, setLogin] = useState<LoginPair>({ username: "", password: "" });
  const credentials = login.username === "" ? null : login;
  const isRunning = scan.state?.summary.state === "running";
  return (
    <div className={css.whole}>
      <ScanForm
        scan={scan}
        login={login}
        onLogin={setLogin}
        isRunning={isRunning}
        credentials={credentials}
      />
      {scan.state !== null && <ScanProgress summary={scan.state.summary} onStop={scan.stop} />}
      {scan.state !== null && (
        <Results
          key={scan.state.summary.scan_id}
          scan={scan}
          scanId={scan.state.summary.scan_id}
          devices={scan.state.devices}
          isRunning={isRunning}
          credentials={credentials}
          onAddress={onAddress}
          onClose={onClose}
        />
      )}
    </div>
  );
}

interface ResultsProps extends Props {
  scan: Scan;
  scanId: string;
  devices: readonly Found[];
  isRunning: boolean;
  credentials: LoginPair | null;
}

function Results(props: ResultsProps) {
  const { scan, scanId, devices, isRunning, credentials, onAddress, onClose } = props;
  const [selection, setSelection] = useState<Selection>({});
  const { probes, run } = useProbes();
  const add = useAddition(scanId, scan, (isComplete) => {
    setSelection({});
    if (isComplete) onClose();
  });
  const addable = devices.filter(isAddable);
  const chosen = additions(selection, devices);
  if (devices.length === 0) return isRunning ? null : <NothingFound />;
  return (
    <>
      <div className={css.selectAll}>
        <Checkbox
          isDisabled={addable.length === 0}
          isSelected={addable.length > 0 && chosen.length === addable.length}
          isIndeterminate={chosen.length > 0 && chosen.length < addable.length}
          onChange={(isIn) => setSelection(isIn ? allOf(devices) : {})}
        >
          All devices that can be added ({addable.length})
        </Checkbox>
      </div>
      <ul className={css.list} aria-label="Found devices">
        {devices.map((device) => (
          <FoundDevice
            key={device.found_id}
            device={device}
            selection={selection}
            probe={probes[device.found_id]}
            added={add.data?.items.find(({ found_id }) => found_id === device.found_id)}
            onSelect={setSelection}
            onTest={() => void run(device, credentials)}
            onAddress={onAddress}
            onChanged={() => void scan.refresh().catch(() => undefined)}
          />
        ))}
      </ul>
      {add.error !== null && <ErrorNote text={additionProblem(add.error)} />}
      <DialogButtons>
        <Button onPress={onClose}>Close</Button>
        <Button
          kind="primary"
          isDisabled={chosen.length === 0}
          isPending={add.isPending}
          onPress={() => add.mutate({ credentials, devices: chosen })}
        >
          {buttonText(chosen.length)}
        </Button>
      </DialogButtons>
    </>
  );
}

/** Adds the chosen ones; what became of each stands beside it unless all went well. */
function useAddition(scanId: string, scan: Scan, onAdded: (isComplete: boolean) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { credentials: LoginPair | null; devices: ReturnType<typeof additions> }) =>
      call(
        api.POST("/api/v1/discovery/scans/{scan_id}/add", {
          params: { path: { scan_id: scanId } },
          body,
        }),
      ),
    onSuccess: async ({ items }) => {
      refetch(client);
      const cameras = items.flatMap((item) => (item.problem === "" ? (item.cameras ?? []) : []));
      if (cameras.length > 0) toast(addedText(cameras.length), "good");
      const isComplete = items.every(({ problem }) => problem === "");
      if (!isComplete) await scan.refresh().catch(() => undefined); // only marks what was added
      onAdded(isComplete);
    },
  });
}

function buttonText(count: number): string {
  if (count === 0) return "Add devices";
  return count === 1 ? "Add 1 device" : `Add ${count} devices`;
}

const addedText = (count: number): string =>
  count === 1 ? "1 camera has been added." : `${count} cameras have been added.`;

function additionProblem(error: Error): string {
  const fields = error instanceof ApiError ? error.fields.map(({ problem }) => problem) : [];
  return [messageOf(error), ...fields].join(" ");
}

function NothingFound() {
  return (
    <EmptyState
      title="Nothing was found"
      text="Check that the cameras have power and a network address, name the range that they are in, or add them by their RTSP address."
    />
  );
}
