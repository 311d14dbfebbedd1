/** What a download of the selection is: files, sizes, what is missing; then plain links. */

import { useQueries } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { messageOf } from "../api/errors";
import { Bytes, Dialog, ErrorNote, formatSeconds, formatTime, LinkButton, Spinner } from "../ui";
import { type ClipFile, type ClipPlan, clipQuery } from "./clip";
import css from "./playback.module.css";

export interface DownloadDialogProps {
  cameras: readonly string[];
  nameOf(camera: string): string;
  range: { startMs: number; endMs: number } | null;
  isOpen: boolean;
  onClose(): void;
}

/** Less than this is missing at every keyframe's edge. */
const WORTH_TELLING_SECONDS = 1;

export function DownloadDialog(props: DownloadDialogProps) {
  const { range, isOpen, onClose } = props;
  return (
    <Dialog title="Download footage" isOpen={isOpen && range !== null} onClose={onClose}>
      {range !== null && <Plans {...props} range={range} />}
    </Dialog>
  );
}

function Plans({
  cameras,
  nameOf,
  range: { startMs, endMs },
}: DownloadDialogProps & { range: { startMs: number; endMs: number } }) {
  const plans = useQueries({
    queries: cameras.map((camera) => clipQuery(camera, startMs, endMs)),
  });
  const seconds = formatSeconds((endMs - startMs) / 1000);
  const begin = formatTime(new Date(startMs), "second");
  return (
    <>
      <p>
        {begin} to {formatTime(new Date(endMs), "second")} ({seconds}). A file begins with the
        keyframe before the first moment.
      </p>
      <ul className={css.plans}>
        {plans.map(({ data, error }, index) => (
          <li key={cameras[index]}>
            <h3>{nameOf(cameras[index] ?? "")}</h3>
            {error !== null && <ErrorNote tone="busy" text={messageOf(error)} />}
            {data !== undefined && <Plan plan={data} />}
            {error === null && data === undefined && (
              <Spinner label="Asking what there is" isLabelShown />
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Plan({ plan }: { plan: ClipPlan }) {
  return (
    <>
      {plan.missing_seconds >= WORTH_TELLING_SECONDS && (
        <ErrorNote
          tone="busy"
          text={`${formatSeconds(plan.missing_seconds)} of it were not recorded and are left out.`}
        />
      )}
      {plan.files.length > 1 && (
        <ErrorNote
          tone="plain"
          text="The camera's picture or sound changed in between, so it makes several files."
        />
      )}
      {plan.files.map((file) => (
        <FileLink key={file.path} file={file} />
      ))}
    </>
  );
}

function FileLink({ file }: { file: ClipFile }) {
  return (
    <div className={css.file}>
      <div>
        <span className={css.fileName}>{file.file_name}</span>
        <span className={css.dim}>
          {formatSeconds(file.seconds)}, <Bytes bytes={file.bytes} />
        </span>
      </div>
      <LinkButton href={file.path} download={file.file_name} kind="primary" target="_self">
        <Download size={18} aria-hidden />
        Save
      </LinkButton>
    </div>
  );
}
