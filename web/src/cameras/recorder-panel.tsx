import type { Camera, Status } from "../api/cameras";
import { ErrorNote, formatBitrate, Panel, Spinner, Time } from "../ui";
import css from "./camera-page.module.css";
import { Facts } from "./facts";
import { pictureText } from "./specs";
import { describe, gapWords } from "./state";

/** What the camera's recorder says. */
export function RecorderPanel({ camera, status }: { camera: Camera; status: Status | undefined }) {
  if (status === undefined) {
    return (
      <Panel title="Recording">
        <Spinner label="Loading the state" isLabelShown />
      </Panel>
    );
  }
  const gap = status.open_gap;
  const since = status.since === null ? null : <Time at={status.since} shape="second" />;
  return (
    <Panel title="Recording">
      {gap !== null && (
        <ErrorNote
          tone="busy"
          title="Footage is missing now"
          text={
            <>
              Since <Time at={gap.started_at} shape="second" />: {gapWords(gap.reason)}.
            </>
          }
        />
      )}
      <Facts
        facts={[
          { label: "State", value: describe(camera, status).label },
          { label: "Since", value: since },
          {
            label: "Switched on since",
            value: camera.recording_since ? <Time at={camera.recording_since} /> : null,
          },
          { label: "Recorder", value: status.recorder ?? "none" },
          { label: "Picture", value: pictureText(status.codec, status.resolution) || null },
          {
            label: "Bit rate",
            value: status.bitrate_bps > 0 ? formatBitrate(status.bitrate_bps) : null,
          },
          { label: "Transport", value: status.transport.toUpperCase() || null },
          {
            label: "Last recording",
            value: <Time at={status.last_recording_at} shape="second" />,
          },
          { label: "Waiting to be stored", value: `${status.pending_uploads} recordings` },
          {
            label: "Accounted for until",
            value: <Time at={status.accounted_until} shape="second" />,
          },
        ]}
      />
      <p className={css.note}>
        Every wanted moment up to then is stored, on its way into the store, or a gap with a reason.
      </p>
    </Panel>
  );
}
