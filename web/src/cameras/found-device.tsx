/** A device that a scan found: what it is, its channels, a test, and what became of it. */

import { CircleCheck } from "lucide-react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { Badge, Button, Checkbox, ErrorNote, Spinner } from "../ui";
import { AddMissingChannels } from "./missing-channels";
import css from "./scan.module.css";
import { addressOf, deviceName, type Found, isAddable, isAdded } from "./scan-state";
import { channelsIn, type Selection, withChannel, withDevice } from "./selection";
import { failureText, streamSpecs } from "./specs";
import type { Probe } from "./use-probes";

interface Props {
  device: Found;
  selection: Selection;
  probe: Probe | undefined;
  /** What became of it when it was to be added. */
  added: Schemas["AddedView"] | undefined;
  onSelect(selection: Selection): void;
  onTest(): void;
  onAddress(url: string): void;
  /** Something was added: what is marked as added has changed. */
  onChanged(): void;
}

export function FoundDevice(props: Props) {
  const { selection, probe, onSelect, onTest, onAddress } = props;
  // a test with a login may have told more than the scan
  const device =
    probe?.kind === "worked" ? { ...props.device, details: probe.device.details } : props.device;
  const name = deviceName(device);
  const { details } = device;
  return (
    <li className={css.device}>
      {isAddable(device) ? (
        <Checkbox
          aria-label={`Add ${name}, ${device.host}`}
          isSelected={selection[device.found_id] !== undefined}
          onChange={(isIn) => onSelect(withDevice(selection, device.found_id, isIn))}
        />
      ) : (
        <span className={css.noBox} />
      )}
      <div className={css.about}>
        <p className={css.title}>
          <strong>{name}</strong>
          {isAdded(device) && <Badge tone="accent">Added already</Badge>}
          {details?.identity?.kind === "recorder" && <Badge>Recorder</Badge>}
        </p>
        <p className={css.note}>
          {[addressOf(device), device.driver, details?.identity?.firmware]
            .filter(Boolean)
            .join(" · ")}
        </p>
        <Cameras ids={device.camera_ids} />
        <Channels device={device} selection={selection} onSelect={onSelect} />
        <Said device={device} probe={probe} added={props.added} />
      </div>
      <div>
        {device.driver !== null && !isAdded(device) && (
          <Button isPending={probe?.kind === "running"} onPress={onTest}>
            Test
          </Button>
        )}
        {device.device_id !== null && hasMissingChannels(device) && (
          <AddMissingChannels deviceId={device.device_id} onAdded={props.onChanged} />
        )}
        {device.driver === null && device.rtsp_port !== null && !isAdded(device) && (
          <Button onPress={() => onAddress(`rtsp://${hostText(device)}:${device.rtsp_port}/`)}>
            Add by address
          </Button>
        )}
      </div>
    </li>
  );
}

/** Its channels are known only where it told them; without any camera some must be missing. */
function hasMissingChannels({ details, camera_ids }: Found): boolean {
  const channels = details?.channels ?? [];
  return camera_ids.length === 0 || camera_ids.length < channels.length;
}

const hostText = ({ host }: Found): string => (host.includes(":") ? `[${host}]` : host);

/** Cameras that are there already of this device. */
function Cameras({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <p className={css.note}>
      Cameras:{" "}
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <Link to={`/cameras/${id}`}>{id}</Link>
        </span>
      ))}
    </p>
  );
}

interface ChannelsProps {
  device: Found;
  selection: Selection;
  onSelect(selection: Selection): void;
}

/** Several channels are chosen one by one. */
function Channels({ device, selection, onSelect }: ChannelsProps) {
  const channels = device.details?.channels ?? [];
  const chosen = channelsIn(selection, device);
  return (
    <ul className={css.channels}>
      {channels.map((channel) => (
        <li key={channel.channel}>
          {channels.length > 1 && isAddable(device) ? (
            <Checkbox
              isSelected={chosen.includes(channel.channel)}
              isDisabled={!channel.is_online}
              onChange={(isIn) => onSelect(withChannel(selection, device, channel.channel, isIn))}
            >
              {channel.name || `Channel ${channel.channel}`}
            </Checkbox>
          ) : (
            channels.length > 1 && <span>{channel.name || `Channel ${channel.channel}`}</span>
          )}
          <span className={css.specs}>{specsOf(channel)}</span>
        </li>
      ))}
    </ul>
  );
}

function specsOf({ streams = [], is_online }: Schemas["Channel"]): string {
  if (!is_online) return "its camera is away";
  return streams.map(streamSpecs).filter(Boolean).join(" · small: ");
}

function Said({ device, probe, added }: Pick<Props, "device" | "probe" | "added">) {
  if (added && added.problem !== "") return <ErrorNote text={addedText(added)} />;
  if (probe?.kind === "running") return <Spinner label="Testing the connection" isLabelShown />;
  if (probe?.kind === "failed") return <ErrorNote text={probe.text} />;
  if (probe?.kind === "worked") {
    return (
      <p className={css.works} role="status">
        <CircleCheck size={16} aria-hidden /> Works: {probe.picture}
      </p>
    );
  }
  if (isAdded(device)) return null;
  if (device.failure) return <p className={css.note}>{failureText(device.failure)}</p>;
  if (device.driver === null) {
    return (
      <p className={css.note}>
        Only an RTSP server was recognised. Add it by its address, with the path that its manual
        names.
      </p>
    );
  }
  return null;
}

function addedText({ problem, failure, errors }: Schemas["AddedView"]): string {
  const fields = Object.values(errors ?? {});
  return [problem, failure ? failureText(failure) : "", ...fields].filter(Boolean).join(" ");
}
